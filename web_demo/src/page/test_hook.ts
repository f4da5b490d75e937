/** Access for checks, on pages whose address ends in ?test: tracks raw frames one by one. */

import type { Person, Pose } from "../core/poses.js";
import type { ServerChoice } from "./server_choice.js";
import type { PoseWorker } from "./worker_client.js";

export interface TestHook {
  /** Tracks a raw RGB frame in base64. */
  track(rgb: string, width: number, height: number, time: number): Promise<PlainPose>;
  reset(box?: readonly number[]): Promise<null>;
  /** Tracks raw frames [height, width, 3] in base64, 1 / fps seconds apart, on the server. */
  trackOnServer(
    frames: readonly string[],
    width: number,
    height: number,
    fps: number,
  ): Promise<PlainPose[][]>;
}

export type PlainPose = Readonly<Record<keyof Pose, unknown>>;

declare global {
  interface Window {
    ppnTest?: TestHook;
  }
}

export function installTestHook(worker: PoseWorker, server: ServerChoice): void {
  if (!new URLSearchParams(location.search).has("test")) {
    return;
  }
  window.ppnTest = {
    async track(rgb, width, height, time) {
      const { pose } = await worker.track({ data: decode(rgb), width, height }, time, false);
      return toPlain(pose);
    },
    reset: (box) => worker.reset(box),
    async trackOnServer(frames, width, height, fps) {
      const tracker = server.makeTracker(() => undefined)!;
      const results: PlainPose[][] = [];
      await tracker.begin(({ frame, people }) => {
        frame.bitmap.close();
        results.push(people.map((person: Person) => toPlain(person)));
      });
      for (const [t, rgb] of frames.entries()) {
        const bitmap = await createImageBitmap(toImage(decode(rgb), width, height));
        await tracker.track({ bitmap, time: t / fps, scale: 1 }, false);
      }
      await tracker.finish();
      return results;
    },
  };
}

function decode(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0));
}

function toImage(rgb: Uint8Array, width: number, height: number): ImageData {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set(rgb.subarray(3 * i, 3 * i + 3), 4 * i);
    image.data[4 * i + 3] = 255;
  }
  return image;
}

function toPlain(pose: Pose): PlainPose {
  return { ...pose, keypoints: Array.from(pose.keypoints), scores: Array.from(pose.scores) };
}

/** Access for checks, on pages whose address ends in ?test: tracks raw frames one by one. */

import type { Pose } from "../core/poses.js";
import type { PoseWorker } from "./worker_client.js";

export interface TestHook {
  /** Tracks a raw RGB frame in base64. */
  track(rgb: string, width: number, height: number, time: number): Promise<PlainPose>;
  reset(box?: readonly number[]): Promise<null>;
}

export type PlainPose = Readonly<Record<keyof Pose, unknown>>;

declare global {
  interface Window {
    ppnTest?: TestHook;
  }
}

export function installTestHook(worker: PoseWorker): void {
  if (!new URLSearchParams(location.search).has("test")) {
    return;
  }
  window.ppnTest = {
    async track(rgb, width, height, time) {
      const data = Uint8Array.from(atob(rgb), (byte) => byte.charCodeAt(0));
      const { pose } = await worker.track({ data, width, height }, time, false);
      const { keypoints, scores } = pose;
      return { ...pose, keypoints: Array.from(keypoints), scores: Array.from(scores) };
    },
    reset: (box) => worker.reset(box),
  };
}

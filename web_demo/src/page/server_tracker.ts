/** Tracker on the server that serves this page. */

import { isPassing, type Offer, type ServerConnection } from "../server/connection.js";
import type { ServedFrame } from "../server/stream.js";
import type { PoseTracker, Skeleton, TrackedFrame } from "./pose_tracker.js";
import type { SourceFrame } from "./sources.js";

// While a frame is tracked, others travel. The server keeps two waiting frames of a stream.
const MOST_SENT = 3;
const JPEG = { type: "image/jpeg", quality: 0.9 };

export class ServerTracker implements PoseTracker {
  readonly skeleton: Skeleton;
  dropped = 0;
  private show: (tracked: TrackedFrame) => void = () => undefined;
  private readonly sent = new Set<Promise<void>>();
  private error: unknown = null;
  private isWanted = true;
  private canvas = new OffscreenCanvas(1, 1);

  /** @param maxPeople returns the number of people to track at a time, at most */
  constructor(
    private readonly connection: ServerConnection,
    offer: Offer,
    private readonly maxPeople: () => number,
  ) {
    this.skeleton = offer;
  }

  async begin(show: (tracked: TrackedFrame) => void): Promise<void> {
    this.show = show;
    this.connection.close();
  }

  async track(frame: SourceFrame, smooth: boolean): Promise<void> {
    const picture = await this.encode(frame.bitmap);
    const options = { maxPeople: this.maxPeople(), smooth };
    const isWanted = (): boolean => this.isWanted;
    const stream = await this.connection.send(picture, frame.time, options, isWanted);
    if (stream === null) {
      frame.bitmap.close();
      return;
    }
    const shown = this.showAnswer(frame, stream.answer).finally(() => this.sent.delete(shown));
    this.sent.add(shown);
    if (this.sent.size >= MOST_SENT) {
      await Promise.race(this.sent);
    }
    this.throwError();
  }

  async finish(): Promise<void> {
    await Promise.all(this.sent);
    this.connection.close();
    this.throwError();
  }

  cancel(): void {
    this.isWanted = false;
  }

  private async showAnswer(
    frame: SourceFrame,
    answer: Promise<ServedFrame | null>,
  ): Promise<void> {
    try {
      const served = await answer;
      if (served !== null) {
        this.show({ frame, ...served, starts: [], steps: [] });
        return;
      }
    } catch (error) {
      if (!isPassing(error)) {
        this.error ??= error;
      }
    }
    this.dropped += 1;
    frame.bitmap.close();
  }

  private throwError(): void {
    if (this.error !== null) {
      throw this.error;
    }
  }

  private encode(bitmap: ImageBitmap): Promise<Blob> {
    const { width, height } = bitmap;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas = new OffscreenCanvas(width, height);
    }
    this.canvas.getContext("2d")!.drawImage(bitmap, 0, 0);
    return this.canvas.convertToBlob(JPEG);
  }
}

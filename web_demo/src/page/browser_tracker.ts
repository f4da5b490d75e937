/** Tracker that runs in this browser, one frame at a time. */

import type { LoadedModel } from "../worker/messages.js";
import type { PoseTracker, Skeleton, TrackedFrame } from "./pose_tracker.js";
import type { SourceFrame } from "./sources.js";
import type { PoseWorker } from "./worker_client.js";

const TRACK_ID = 1;

export class BrowserTracker implements PoseTracker {
  readonly skeleton: Skeleton;
  readonly dropped = 0;
  private show: (tracked: TrackedFrame) => void = () => undefined;

  constructor(
    private readonly worker: PoseWorker,
    { description }: LoadedModel,
  ) {
    this.skeleton = description;
  }

  async begin(show: (tracked: TrackedFrame) => void): Promise<void> {
    this.show = show;
    await this.worker.reset();
  }

  async track(frame: SourceFrame, smooth: boolean): Promise<void> {
    const { pose, bitmap, starts, steps } = await this.worker.track(
      frame.bitmap,
      frame.time,
      smooth,
    );
    const people = [{ ...pose, trackId: TRACK_ID }];
    this.show({ frame: { ...frame, bitmap: bitmap! }, people, starts, steps, roundTrip: null });
  }

  async finish(): Promise<void> {}

  cancel(): void {}
}

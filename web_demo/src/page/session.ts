/** Tracking of the frames of a source: at most one frame is on its way to the worker. */

import { scalePose } from "../core/poses.js";
import type { LoadedModel, Tracked } from "../worker/messages.js";
import { elements, messageOf, showProblem } from "./elements.js";
import { Recording } from "./recording.js";
import type { VideoSource } from "./sources.js";
import { Statistics } from "./statistics.js";
import { drawFrame, drawSkeleton } from "./view.js";
import type { PoseWorker } from "./worker_client.js";

export class Session {
  readonly recording: Recording;
  private readonly statistics = new Statistics();
  private isRunning = false;
  /** Whether something else takes over the source. */
  isCancelled = false;

  constructor(
    private readonly worker: PoseWorker,
    private readonly source: VideoSource,
    private readonly model: LoadedModel,
  ) {
    this.recording = new Recording(model.description.jointNames);
  }

  /** Tracks until the source ends or `cancel` is called. */
  async run(): Promise<void> {
    this.isRunning = !this.isCancelled;
    try {
      await this.worker.reset();
      for (;;) {
        const frame = await this.source.next();
        if (!this.isRunning || frame === null) {
          frame?.bitmap.close();
          return;
        }
        const { bitmap, time, scale } = frame;
        const tracked = await this.worker.track(bitmap, time, elements.smooth.checked);
        if (this.isRunning) {
          this.show(tracked, time, scale);
        }
        tracked.bitmap?.close();
      }
    } catch (error) {
      showProblem(messageOf(error));
    } finally {
      this.statistics.showCount();
      this.isRunning = false;
    }
  }

  /** Ends after the frame in work, and leaves the source open. */
  cancel(): void {
    this.isRunning = false;
    this.isCancelled = true;
  }

  private show(tracked: Tracked, time: number, scale: number): void {
    const { view } = elements;
    drawFrame(view, tracked.bitmap!);
    drawSkeleton(view, tracked.pose, this.model.description);
    // Only the view is mirrored: joints and downloads are those of the camera's picture.
    view.classList.toggle("mirrored", this.source.isMirrored);
    view.dataset["found"] = String(tracked.pose.found);
    this.recording.add(scalePose(tracked.pose, scale), time);
    this.statistics.add(tracked);
    elements.json.disabled = elements.csv.disabled = false;
  }
}

/** Tracking of the frames of a source. */

import { scalePose } from "../core/poses.js";
import { elements, messageOf, showProblem } from "./elements.js";
import type { PoseTracker, TrackedFrame } from "./pose_tracker.js";
import { Recording } from "./recording.js";
import type { VideoSource } from "./sources.js";
import { Statistics } from "./statistics.js";
import { drawFrame, drawSkeleton } from "./view.js";

export class Session {
  readonly recording: Recording;
  private readonly statistics = new Statistics();
  private isRunning = false;
  private isMirrored = false;
  /** Whether something else takes over the source. */
  isCancelled = false;

  constructor(
    private readonly tracker: PoseTracker,
    private readonly source: VideoSource,
  ) {
    this.recording = new Recording(tracker.skeleton.jointNames);
  }

  /** Tracks until the source ends or `cancel` is called. */
  async run(): Promise<void> {
    this.isRunning = !this.isCancelled;
    this.isMirrored = this.source.isMirrored;
    try {
      await this.tracker.begin((tracked) => this.show(tracked));
      for (;;) {
        const frame = await this.source.next();
        if (!this.isRunning || frame === null) {
          frame?.bitmap.close();
          break;
        }
        await this.tracker.track(frame, elements.smooth.checked);
      }
      await this.tracker.finish();
    } catch (error) {
      showProblem(messageOf(error));
    } finally {
      this.statistics.showCounts();
      this.isRunning = false;
    }
  }

  /** Ends after the frames in work, and leaves the source open. */
  cancel(): void {
    this.isRunning = false;
    this.isCancelled = true;
    this.tracker.cancel();
  }

  /** Waits for no server any more, since the source is closed. */
  stop(): void {
    this.tracker.cancel();
  }

  private show(tracked: TrackedFrame): void {
    const { frame, people } = tracked;
    if (this.isRunning) {
      const { view } = elements;
      drawFrame(view, frame.bitmap);
      people.forEach((person) => drawSkeleton(view, person, this.tracker.skeleton));
      // Only the view is mirrored: joints and downloads are those of the camera's picture.
      view.classList.toggle("mirrored", this.isMirrored);
      view.dataset["found"] = String(people.some(({ found }) => found));
      this.recording.add(people.map((person) => scalePose(person, frame.scale)), frame.time);
      this.statistics.add(tracked, this.source.missed + this.tracker.dropped);
      elements.json.disabled = elements.csv.disabled = false;
    }
    frame.bitmap.close();
  }
}

/** What a session requires of a tracker, in the browser or on a server. */

import type { Description } from "../core/pose_model.js";
import type { Person } from "../core/poses.js";
import type { SourceFrame } from "./sources.js";

export type Skeleton = Pick<Description, "jointNames" | "limbs">;

/** People in a frame. */
export interface TrackedFrame {
  /** The frame, whose bitmap the receiver closes. */
  readonly frame: SourceFrame;
  readonly people: readonly Person[];
  /** Milliseconds of each call of `start` and of `step`; none on a server. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  /** Milliseconds from sending the frame to its poses; null in the browser. */
  readonly roundTrip: number | null;
}

export interface PoseTracker {
  readonly skeleton: Skeleton;
  /** Frames that were taken and dropped since `begin`. */
  readonly dropped: number;

  /** Forgets the people; `show` gets the frames of `track` in their order. */
  begin(show: (tracked: TrackedFrame) => void): Promise<void>;

  /** Takes a frame; returns when the next one may come. */
  track(frame: SourceFrame, smooth: boolean): Promise<void>;

  /** Returns when all frames have been shown or dropped. */
  finish(): Promise<void>;

  /** Makes a `track` that still waits for a server return soon. */
  cancel(): void;
}

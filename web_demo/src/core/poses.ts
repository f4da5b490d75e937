/** Poses of people in one frame. */

import type { Box } from "./images.js";

export interface Pose {
  /** (x, y) of each joint in frame pixels. */
  readonly keypoints: Float32Array;
  /** 0..1 for each joint. */
  readonly scores: Float32Array;
  /** Box in frame pixels, whose crop was the input of the network. */
  readonly box: Box;
  /** Whether the person is in the frame; otherwise the joints are guesses with low scores. */
  readonly found: boolean;
  /** Whether a search restarted the recurrence in this frame. */
  readonly restarted: boolean;
}

/** Pose of one of several people. */
export interface Person extends Pose {
  /** Number that the person keeps, from 1. */
  readonly trackId: number;
}

/** Returns a pose in pixels of a frame whose sides are `scale` times as long. */
export function scalePose<P extends Pose>(pose: P, scale: number): P {
  // The center of the top-left pixel is (0, 0).
  const convert = (place: number): number => (place + 0.5) * scale - 0.5;
  return {
    ...pose,
    keypoints: pose.keypoints.map(convert),
    box: pose.box.map(convert) as unknown as Box,
  };
}

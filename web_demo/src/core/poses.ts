/** Pose of a person in one frame. */

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

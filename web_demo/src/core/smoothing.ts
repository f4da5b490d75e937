/** Smoothing of joints by the One-Euro filter (Casiez, Roussel, Vogel, CHI 2012). */

import type { Pose } from "./poses.js";

export const MIN_CUTOFF = 1; // Hz
export const BETA = 50; // Hz per body per second
const DERIVATIVE_CUTOFF = 1; // Hz

/**
 * Low-pass filter of one value, stronger while it moves slowly.
 *
 *   a(f) = 1 / (1 + 1 / (2 pi f T))
 *   dx_t = a(f_d) (x_t - y_{t-1}) / T + (1 - a(f_d)) dx_{t-1}
 *   f_t  = min_cutoff + beta |dx_t|
 *   y_t  = a(f_t) x_t + (1 - a(f_t)) y_{t-1}
 *
 * and y = x, dx = 0 at the first sample.
 */
export class OneEuroFilter {
  private value = NaN;
  private speed = 0;
  private time = NaN;

  constructor(
    private readonly minCutoff: number,
    private readonly beta: number,
  ) {}

  /**
   * Filters one sample.
   *
   * @param time seconds; a sample not later than the last one is returned unfiltered
   * @param unit unit of length in which `beta` measures speeds
   */
  filter(value: number, time: number, unit: number): number {
    if (!Number.isFinite(value)) {
      return value;
    }
    let filtered = value;
    if (time > this.time) {
      const period = time - this.time;
      const share = shareOf(DERIVATIVE_CUTOFF, period);
      this.speed = (share * (value - this.value)) / period + (1 - share) * this.speed;
      const cutoff = this.minCutoff + (this.beta * Math.abs(this.speed)) / unit;
      const weight = shareOf(cutoff, period);
      filtered = weight * value + (1 - weight) * this.value;
    } else {
      this.speed = 0;
    }
    this.value = filtered;
    this.time = time;
    return filtered;
  }
}

/**
 * Smooths the joints of one person.
 *
 * Speeds are measured in bodies per second, where a body is the longer side of the box. Joints
 * below `minScore` are not smoothed. The filter is reset when the person is lost.
 */
export class PoseSmoother {
  private filters: OneEuroFilter[] = [];

  constructor(
    private readonly minCutoff: number = MIN_CUTOFF,
    private readonly beta: number = BETA,
    private readonly minScore = 0.2,
  ) {}

  reset(): void {
    this.filters = [];
  }

  /** Returns the next pose, at `time` seconds, with smoothed keypoints. */
  smooth(pose: Pose, time: number): Pose {
    if (!pose.found || pose.restarted) {
      this.reset();
    }
    if (!pose.found) {
      return pose;
    }
    const [x1, y1, x2, y2] = pose.box;
    const body = Math.max(x2 - x1, y2 - y1, 1);
    const keypoints = pose.keypoints.map((value, i) => {
      this.filters[i] ??= new OneEuroFilter(this.minCutoff, this.beta);
      const isValid = pose.scores[i >> 1]! >= Math.fround(this.minScore);
      return isValid ? this.filters[i]!.filter(value, time, body) : value;
    });
    return { ...pose, keypoints };
  }
}

/** Returns a(f), the weight of a new sample. */
function shareOf(cutoff: number, period: number): number {
  return 1 / (1 + 1 / (2 * Math.PI * cutoff * period));
}

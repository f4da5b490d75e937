/** Times of frames, and running means that lag by the same time at every frame rate. */

export const PERIOD = 1 / 30; // seconds from one frame to the next, where no times are given

/** Clock of a video, read frame by frame. */
export class Clock {
  private time: number | null = null;

  /**
   * Returns the seconds since the preceding frame; PERIOD for a first frame.
   *
   * @param time of the next frame in seconds; by default PERIOD after the preceding frame. A time
   *   that is not later, as after a jump of timestamps, counts as PERIOD later, too.
   */
  tick(time: number | null = null): number {
    if (time !== null && !Number.isFinite(time)) {
      throw new RangeError(`time=${time}: not a time. Give finite seconds, or none.`);
    }
    const previous = this.time;
    if (time === null) {
      this.time = previous === null ? null : previous + PERIOD;
      return PERIOD;
    }
    this.time = time;
    return previous !== null && time > previous ? time - previous : PERIOD;
  }
}

/** Returns the weight T / (T + lag) of the newest sample in a running mean. */
export function newestShare(period: number, lag: number): number {
  return period / (period + lag);
}

/** Returns whether this frame is the one nearest to the end of a time limit, or a later one. */
export function isOver(elapsed: number, limit: number, period: number): boolean {
  return elapsed > 0 && elapsed + period / 2 >= limit;
}

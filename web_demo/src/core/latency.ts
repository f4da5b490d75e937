/** Statistics of latencies and of the frame rate. */

/** Times of the newest calls, in milliseconds. */
export class Latency {
  private readonly times: number[] = [];

  constructor(private readonly capacity = 60) {}

  get count(): number {
    return this.times.length;
  }

  add(milliseconds: number): void {
    this.times.push(milliseconds);
    if (this.times.length > this.capacity) {
      this.times.shift();
    }
  }

  /** Returns a percentile, `share` in 0..100, interpolated as NumPy does; null without times. */
  percentile(share: number): number | null {
    if (!this.times.length) {
      return null;
    }
    const sorted = [...this.times].sort((a, b) => a - b);
    const place = (share / 100) * (sorted.length - 1);
    const lower = Math.floor(place);
    const upper = Math.min(lower + 1, sorted.length - 1);
    return sorted[lower]! + (place - lower) * (sorted[upper]! - sorted[lower]!);
  }
}

/** Frames per second over the newest seconds. */
export class FrameRate {
  private readonly times: number[] = [];

  constructor(private readonly seconds = 2) {}

  /** Counts a frame at a time in milliseconds. */
  add(milliseconds: number): void {
    this.times.push(milliseconds);
    while (milliseconds - this.times[0]! > 1000 * this.seconds) {
      this.times.shift();
    }
  }

  /** Returns frames per second; null before the second frame. */
  perSecond(): number | null {
    const elapsed = this.times[this.times.length - 1]! - this.times[0]!;
    return this.times.length > 1 && elapsed > 0 ? (1000 * (this.times.length - 1)) / elapsed : null;
  }
}

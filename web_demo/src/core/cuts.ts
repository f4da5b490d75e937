/** Detection of cuts between the shots of a video. */

import { PERIOD, newestShare } from "./frame_times.js";
import type { Frame } from "./images.js";

const THUMBNAIL = 32; // side in pixels
const COLORS = 8; // histogram bins per channel
const CHANGED = 16; // least change of a pixel, in levels of 255
const MIN_CHANGED = 0.6; // share of changed pixels
const MIN_RECOLORED = 0.2; // share of pixels in other histogram bins
const RATIO = 3; // change at a cut over the usual change
const LAG = 7 / 90; // seconds by which the usual change lags; 0.3 for the newest of 30 per second

/**
 * Detects the first frame of each new shot.
 *
 * A cut changes most pixels of a 32 x 32 thumbnail, changes its coarse color histogram, and changes
 * the thumbnail much more than the preceding frames do.
 */
export class CutDetector {
  private thumbnail: Uint8Array | null = null;
  private usual = 0; // running mean change, in levels of 255

  /** Returns whether a shot begins with the next frame of a video. */
  isCut(frame: Frame, period: number = PERIOD): boolean {
    const thumbnail = makeThumbnail(frame);
    const previous = this.thumbnail;
    this.thumbnail = thumbnail;
    if (previous === null) {
      return false;
    }
    const change = meanChange(thumbnail, previous);
    const cut =
      change >= RATIO * this.usual &&
      changedShare(thumbnail, previous) >= MIN_CHANGED &&
      recoloredShare(thumbnail, previous) >= MIN_RECOLORED;
    // A cut says nothing about the motion of the next shot.
    this.usual = cut ? 0 : this.usual + newestShare(period, LAG) * (change - this.usual);
    return cut;
  }
}

/** Returns averages of a frame, [32, 32, 3]; skips pixels of large frames. */
export function makeThumbnail(frame: Frame): Uint8Array {
  const every = Math.max(1, Math.floor(Math.min(frame.height, frame.width) / (4 * THUMBNAIL)));
  const rows = overlaps(Math.ceil(frame.height / every));
  const columns = overlaps(Math.ceil(frame.width / every));
  const thumbnail = new Uint8Array(THUMBNAIL * THUMBNAIL * 3);
  for (let y = 0; y < THUMBNAIL; y++) {
    for (let x = 0; x < THUMBNAIL; x++) {
      const sums: [number, number, number] = [0, 0, 0];
      for (const [row, rowWeight] of rows[y]!) {
        for (const [column, columnWeight] of columns[x]!) {
          const place = (row * frame.width + column) * every * frame.channels;
          const weight = rowWeight * columnWeight;
          sums[0] += weight * frame.data[place]!;
          sums[1] += weight * frame.data[place + 1]!;
          sums[2] += weight * frame.data[place + 2]!;
        }
      }
      thumbnail.set(sums.map(Math.round), (y * THUMBNAIL + x) * 3);
    }
  }
  return thumbnail;
}

/** Returns, for each pixel of the thumbnail, the pixels below it and their shares. */
function overlaps(length: number): (readonly [number, number])[][] {
  const scale = length / THUMBNAIL;
  return Array.from({ length: THUMBNAIL }, (_, pixel) => {
    const [begin, end] = [pixel * scale, (pixel + 1) * scale];
    const shares: (readonly [number, number])[] = [];
    for (let place = Math.floor(begin); place < Math.min(Math.ceil(end), length); place++) {
      const share = (Math.min(place + 1, end) - Math.max(place, begin)) / scale;
      if (share > 1e-6) {
        shares.push([place, share]);
      }
    }
    return shares;
  });
}

function meanChange(first: Uint8Array, second: Uint8Array): number {
  return first.reduce((sum, value, i) => sum + Math.abs(value - second[i]!), 0) / first.length;
}

function changedShare(first: Uint8Array, second: Uint8Array): number {
  let changed = 0;
  for (let i = 0; i < first.length; i += 3) {
    const change = (channel: number): number =>
      Math.abs(first[i + channel]! - second[i + channel]!);
    changed += Math.max(change(0), change(1), change(2)) > CHANGED ? 1 : 0;
  }
  return changed / THUMBNAIL ** 2;
}

function recoloredShare(first: Uint8Array, second: Uint8Array): number {
  const [before, after] = [makeHistogram(first), makeHistogram(second)];
  const difference = before.reduce((sum, count, bin) => sum + Math.abs(count - after[bin]!), 0);
  return difference / (2 * THUMBNAIL ** 2);
}

function makeHistogram(thumbnail: Uint8Array): Float64Array {
  const histogram = new Float64Array(COLORS ** 3);
  const bin = (value: number): number => Math.floor((value * COLORS) / 256);
  for (let i = 0; i < thumbnail.length; i += 3) {
    const [red, green, blue] = thumbnail.subarray(i, i + 3);
    histogram[(bin(red!) * COLORS + bin(green!)) * COLORS + bin(blue!)]! += 1;
  }
  return histogram;
}

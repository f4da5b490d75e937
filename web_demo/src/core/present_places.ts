/** Joint positions from the current frame, near the peaks of the final heatmaps of a PPN. */

import { decode, type Joints } from "./dark.js";
import { toFrame } from "./frame_crops.js";
import { PERIOD, newestShare } from "./frame_times.js";
import type { Affine, Maps } from "./images.js";

// Cells from the final peak, along each axis, up to which preliminary heatmaps have weight 1. The
// weight falls to 0 at twice that distance.
const REACH = 2;
// Height of a preliminary peak from which its position replaces that of the final peak.
const CONFIDENT = 0.2;
// Seconds by which the running mean of a slow joint lags behind it, and the distance in cells from
// which the mean is the current place.
const LAG = 0.05;
const MOVED = 1.5;

/**
 * Joint positions of one person, frame by frame.
 *
 * With p_t the final peaks and q_t the preliminary peaks near them, both in frame pixels, c_t =
 * min(1, height of q_t / 0.2), d_t a distance in cells, and T the seconds since frame t - 1:
 *
 *   x_t = p_t + c_t (q_t - p_t),  d_t = |x_t - y_(t-1)|,  a = T / (T + 0.05),
 *   y_t = y_(t-1) + (a + (1 - a) min(1, d_t / 1.5)) (x_t - y_(t-1)),  y_0 = x_1
 */
export class PresentPlaces {
  private places: Float32Array | null = null;

  /**
   * Reads the joints in the next frame.
   *
   * @param final h_t
   * @param preliminary B_t, of the same size
   * @param affine from frame to crop pixels
   * @param stride crop pixels per cell
   * @param period seconds since the preceding frame
   * @returns keypoints in frame pixels; scores are the highest values of h_t
   */
  read(
    final: Maps,
    preliminary: Maps,
    affine: Affine,
    stride: number,
    period: number = PERIOD,
  ): Joints {
    const { keypoints: peaks, scores } = decode(final, stride);
    const near = decode(weighted(preliminary, peaks, stride), stride);
    const places = Float32Array.from(peaks, (peak, i) => {
      const confidence = Math.min(Math.max(near.scores[i >> 1]! / CONFIDENT, 0), 1);
      return peak + confidence * (near.keypoints[i]! - peak);
    });
    const current = toFrame(affine, places);
    const previous = this.places ?? current;
    this.places = average(previous, current, stride / Math.abs(affine.zoom), period);
    return { keypoints: this.places.slice(), scores };
  }
}

/** Returns running means of joints; `cell` is the size of a cell in frame pixels. */
function average(
  previous: Float32Array,
  current: Float32Array,
  cell: number,
  period: number,
): Float32Array {
  const resting = newestShare(period, LAG);
  return previous.map((last, i) => {
    const x = i - (i % 2);
    const distance = Math.hypot(current[x]! - previous[x]!, current[x + 1]! - previous[x + 1]!);
    const share = resting + (1 - resting) * Math.min(1, distance / cell / MOVED);
    return last + share * (current[i]! - last);
  });
}

/** Returns heatmaps times weights about places (x, y) in crop pixels. */
function weighted(maps: Maps, places: Float32Array, stride: number): Maps {
  const { height, width, channels } = maps;
  const data = new Float32Array(maps.data.length);
  const centers = places.map((place) => (place - (stride - 1) / 2) / stride);
  const weight = (cell: number, center: number): number =>
    Math.min(Math.max(2 - Math.abs(cell - center) / REACH, 0), 1);
  for (let joint = 0; joint < channels; joint++) {
    const columns = Float64Array.from({ length: width }, (_, x) => weight(x, centers[2 * joint]!));
    for (let y = 0; y < height; y++) {
      const row = weight(y, centers[2 * joint + 1]!);
      for (let x = 0; row > 0 && x < width; x++) {
        const place = (y * width + x) * channels + joint;
        data[place] = Math.fround(row * columns[x]!) * maps.data[place]!;
      }
    }
  }
  return { data, height, width, channels };
}

/** Heatmaps of the previous frame, moved into the crop of the current one. */

import { cropMaps, toFrame } from "./frame_crops.js";
import { PERIOD, newestShare } from "./frame_times.js";
import type { Affine, Maps, Size } from "./images.js";

const LAG = 0.05; // seconds by which the mean speed of a crop lags behind its speed

/**
 * Heatmaps that move with a crop at its mean speed, without its jitter.
 *
 * With c_t the center of the crop in frame pixels and T the seconds since frame t - 1,
 *
 *   v_t = v_(t-1) + T / (T + 0.05) ((c_t - c_(t-1)) / T - v_(t-1)),  v_1 = (c_1 - c_0) / T
 *
 * a value at p moves to p + v_t T, scaled as the crop is.
 */
export class MovedHeatmaps {
  private speed: readonly [number, number] | null = null;

  /**
   * Starts a clip.
   *
   * @param maps heatmaps of the first crop
   * @param affine from frame to crop pixels
   * @param stride crop pixels per cell
   */
  constructor(
    public maps: Maps,
    private affine: Affine,
    private readonly stride: number,
  ) {}

  /** Returns the heatmaps in the cells of the next crop; 0 outside the last crop. */
  moveTo(affine: Affine, period: number = PERIOD): Maps {
    const speed = this.meanSpeed(affine, period);
    const old = toCells(this.affine, this.stride);
    const next = toCells(affine, this.stride);
    const zoom = next.zoom / old.zoom;
    const moved = {
      zoom,
      shiftX: next.shiftX + next.zoom * speed[0] * period - zoom * old.shiftX,
      shiftY: next.shiftY + next.zoom * speed[1] * period - zoom * old.shiftY,
    };
    return cropMaps(this.maps, moved, this.maps);
  }

  /** Replaces the heatmaps by those of the next crop; see `moveTo`. */
  replace(maps: Maps, affine: Affine, period: number = PERIOD): void {
    this.speed = this.meanSpeed(affine, period);
    this.maps = maps;
    this.affine = affine;
  }

  /** Returns the mean speed (x, y) up to the next crop, in frame pixels per second. */
  private meanSpeed(affine: Affine, period: number): readonly [number, number] {
    const next = this.center(affine);
    const last = this.center(this.affine);
    const speed = [(next[0]! - last[0]!) / period, (next[1]! - last[1]!) / period] as const;
    if (this.speed === null) {
      return speed;
    }
    const share = newestShare(period, LAG);
    const [x, y] = this.speed;
    return [x + share * (speed[0] - x), y + share * (speed[1] - y)];
  }

  private center(affine: Affine): Float32Array {
    const middle = (cells: number): number => (cells * this.stride - 1) / 2;
    return toFrame(affine, [middle(this.maps.width), middle(this.maps.height)]);
  }
}

/**
 * Returns heatmaps in the cells of another crop of the same frame; 0 outside their own crop.
 *
 * @param from map from frame to pixels of the crop of `maps`, with `fromStride` pixels per cell
 * @param to map from frame to pixels of the other crop, with `toStride` pixels per cell
 * @param size of the result in cells
 */
export function changeCrop(
  maps: Maps,
  from: Affine,
  fromStride: number,
  to: Affine,
  toStride: number,
  size: Size,
): Maps {
  const old = toCells(from, fromStride);
  const next = toCells(to, toStride);
  const zoom = next.zoom / old.zoom;
  const moved = {
    zoom,
    shiftX: next.shiftX - zoom * old.shiftX,
    shiftY: next.shiftY - zoom * old.shiftY,
  };
  return cropMaps(maps, moved, size);
}

/** Returns the map from frame pixels to cells, whose centers are at S * cell + (S - 1) / 2. */
function toCells(affine: Affine, stride: number): Affine {
  const offset = (stride - 1) / 2;
  return {
    zoom: affine.zoom / stride,
    shiftX: (affine.shiftX - offset) / stride,
    shiftY: (affine.shiftY - offset) / stride,
  };
}

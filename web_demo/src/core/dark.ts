/** DARK decoding of the heatmaps of single frames; blurs only the cells about each peak. */

import type { Maps } from "./images.js";

const BLUR_SIGMA = 1; // cells
const RADIUS = Math.floor(3 * BLUR_SIGMA + 0.5);
const SIDE = 2 * RADIUS + 3; // cells of the patch about a peak
const TAPS = makeTaps();

/** Joints of a frame: (x, y) of each joint in pixels, and scores. */
export interface Joints {
  readonly keypoints: Float32Array;
  readonly scores: Float32Array;
}

/**
 * Reads joint positions from heatmaps.
 *
 * @param stride crop pixels per cell
 * @returns keypoints in crop pixels; scores are the highest values of the heatmaps
 */
export function decode(heatmaps: Maps, stride: number): Joints {
  const { height, width, channels } = heatmaps;
  const keypoints = new Float32Array(2 * channels);
  const scores = new Float32Array(channels);
  for (let joint = 0; joint < channels; joint++) {
    const highest = findHighest(heatmaps, joint);
    const row = Math.floor(highest / width);
    const column = highest % width;
    const isInside = row > 0 && row < height - 1 && column > 0 && column < width - 1;
    const [dx, dy] = isInside ? newtonStep(logarithms(heatmaps, joint, row, column)) : [0, 0];
    keypoints[2 * joint] = (column + dx) * stride + (stride - 1) / 2;
    keypoints[2 * joint + 1] = (row + dy) * stride + (stride - 1) / 2;
    scores[joint] = heatmaps.data[highest * channels + joint]!;
  }
  return { keypoints, scores };
}

/** Returns the first cell, row by row, with the highest value of a joint. */
function findHighest(heatmaps: Maps, joint: number): number {
  const { data, channels } = heatmaps;
  const cells = heatmaps.height * heatmaps.width;
  let highest = 0;
  for (let cell = 1; cell < cells; cell++) {
    if (data[cell * channels + joint]! > data[highest * channels + joint]!) {
      highest = cell;
    }
  }
  return highest;
}

/** Returns logarithms [3, 3] of the blurred cells about a peak. */
function logarithms(heatmaps: Maps, joint: number, row: number, column: number): number[] {
  const { data, height, width, channels } = heatmaps;
  const blurred = new Float64Array(9);
  for (let i = 0; i < SIDE; i++) {
    const y = row - RADIUS - 1 + i;
    for (let j = 0; j < SIDE; j++) {
      const x = column - RADIUS - 1 + j;
      if (y < 0 || y >= height || x < 0 || x >= width) {
        continue;
      }
      const value = data[(y * width + x) * channels + joint]!;
      for (let place = 0; place < 9; place++) {
        const down = TAPS[i - Math.floor(place / 3)] ?? 0;
        blurred[place]! += down * (TAPS[j - (place % 3)] ?? 0) * value;
      }
    }
  }
  return Array.from(blurred, (value) => Math.fround(Math.log(Math.max(Math.fround(value), 1e-10))));
}

/** Returns the step (x, y), Eq. 8 of DARK, from logarithms [3, 3] about a peak. */
function newtonStep(patch: readonly number[]): [number, number] {
  const [a, b, c, d, e, f, g, h, i] = patch as [
    number, number, number, number, number, number, number, number, number,
  ];
  const dx = (f - d) / 2;
  const dy = (h - b) / 2;
  const dxx = f - 2 * e + d;
  const dyy = h - 2 * e + b;
  const dxy = (i - g - c + a) / 4;
  const determinant = dxx * dyy - dxy * dxy;
  if (!(determinant > 1e-9 && dxx < 0)) {
    return [0, 0];
  }
  const clip = (step: number): number => Math.min(Math.max(step, -1), 1);
  return [clip((dxy * dy - dyy * dx) / determinant), clip((dxy * dx - dxx * dy) / determinant)];
}

function makeTaps(): number[] {
  const taps = [];
  for (let place = -RADIUS; place <= RADIUS; place++) {
    taps.push(Math.exp(-(place ** 2) / (2 * BLUR_SIGMA ** 2)));
  }
  const sum = taps.reduce((a, b) => a + b);
  return taps.map((tap) => Math.fround(tap / sum));
}

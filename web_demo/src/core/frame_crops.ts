/** Upright crops of single frames. */

import type { Affine, Box, Frame, Maps, Size } from "./images.js";

const BOX_SCALE = 1.2; // Penn Action's

/** The two neighbors of each sample along an axis, and their weights. */
interface Taps {
  readonly near: Int32Array;
  readonly far: Int32Array;
  readonly nearWeights: Float32Array;
  readonly farWeights: Float32Array;
}

/**
 * Returns the map from frame pixels to pixels of the square crop about a box.
 *
 * @param margin side of the square, at least one pixel, over the longer side of the box
 * @param size of the crop, whose shorter side shows the square
 */
export function cropAffine(box: Box, margin: number, size: Size): Affine {
  const [x1, y1, x2, y2] = box.map(Math.fround) as unknown as Box;
  const side = Math.max(margin * Math.fround(Math.max(x2 - x1, y2 - y1)), 1);
  const zoom = Math.min(size.height, size.width) / side;
  return {
    zoom: Math.fround(zoom),
    shiftX: Math.fround((size.width - 1) / 2 - (zoom * Math.fround(x1 + x2)) / 2),
    shiftY: Math.fround((size.height - 1) / 2 - (zoom * Math.fround(y1 + y2)) / 2),
  };
}

/** Resamples the RGB channels of a frame into a crop, bilinear, black outside the frame. */
export function cropFrame(frame: Frame, affine: Affine, size: Size): Maps {
  return resample(frame.data, frame, frame.channels, 3, affine, size);
}

/** Resamples heatmaps by a map from their cells to those of the result; 0 outside of them. */
export function cropMaps(maps: Maps, affine: Affine, size: Size): Maps {
  return resample(maps.data, maps, maps.channels, maps.channels, affine, size);
}

/** Converts points (x, y, x, y, ...) from crop pixels to frame pixels. */
export function toFrame(affine: Affine, points: ArrayLike<number>): Float32Array {
  const converted = new Float32Array(points.length);
  for (let i = 0; i < points.length; i += 2) {
    converted[i] = (points[i]! - affine.shiftX) / affine.zoom;
    converted[i + 1] = (points[i + 1]! - affine.shiftY) / affine.zoom;
  }
  return converted;
}

/**
 * Returns the box about some joints: BOX_SCALE times their extent, clipped to the frame.
 *
 * @param keypoints (x, y) of each joint in frame pixels
 * @param visible one value per joint, at least one of them true
 */
export function jointsBox(keypoints: Float32Array, visible: readonly boolean[], frame: Size): Box {
  const low = [Infinity, Infinity];
  const high = [-Infinity, -Infinity];
  visible.forEach((isVisible, joint) => {
    for (let axis = 0; isVisible && axis < 2; axis++) {
      const value = keypoints[2 * joint + axis]!;
      low[axis] = Math.min(low[axis]!, value);
      high[axis] = Math.max(high[axis]!, value);
    }
  });
  const last = [frame.width - 1, frame.height - 1];
  const corner = (axis: number, sign: number): number => {
    const center = (low[axis]! + high[axis]!) / 2;
    const half = (BOX_SCALE * (high[axis]! - low[axis]!)) / 2;
    return Math.fround(Math.min(Math.max(center + sign * half, 0), last[axis]!));
  };
  return [corner(0, -1), corner(1, -1), corner(0, 1), corner(1, 1)];
}

function resample(
  source: ArrayLike<number>,
  sourceSize: Size,
  stride: number,
  channels: number,
  affine: Affine,
  size: Size,
): Maps {
  const vertical = makeTaps(size.height, affine.zoom, affine.shiftY, sourceSize.height);
  const horizontal = makeTaps(size.width, affine.zoom, affine.shiftX, sourceSize.width);
  const data = new Float32Array(size.height * size.width * channels);
  const first = horizontal.near.reduce((a, b) => Math.min(a, b), sourceSize.width);
  const last = horizontal.far.reduce((a, b) => Math.max(a, b), 0);
  const row = new Float32Array((last + 1 - first) * stride);
  for (let y = 0; y < size.height; y++) {
    blendRows(source, sourceSize.width * stride, first * stride, vertical, y, row);
    for (let x = 0; x < size.width; x++) {
      const near = (horizontal.near[x]! - first) * stride;
      const far = (horizontal.far[x]! - first) * stride;
      const nearWeight = horizontal.nearWeights[x]!;
      const farWeight = horizontal.farWeights[x]!;
      const place = (y * size.width + x) * channels;
      for (let c = 0; c < channels; c++) {
        data[place + c] = nearWeight * row[near + c]! + farWeight * row[far + c]!;
      }
    }
  }
  return { data, height: size.height, width: size.width, channels };
}

/** Fills `row` with the weighted sum of the two rows of a sample. */
function blendRows(
  source: ArrayLike<number>,
  rowLength: number,
  begin: number,
  taps: Taps,
  sample: number,
  row: Float32Array,
): void {
  const near = taps.near[sample]! * rowLength + begin;
  const far = taps.far[sample]! * rowLength + begin;
  const nearWeight = taps.nearWeights[sample]!;
  const farWeight = taps.farWeights[sample]!;
  for (let i = 0; i < row.length; i++) {
    row[i] = nearWeight * source[near + i]! + farWeight * source[far + i]!;
  }
}

/** Returns neighbors within 0..length - 1; those outside have weight 0. */
function makeTaps(count: number, zoom: number, shift: number, length: number): Taps {
  const taps: Taps = {
    near: new Int32Array(count),
    far: new Int32Array(count),
    nearWeights: new Float32Array(count),
    farWeights: new Float32Array(count),
  };
  const clip = (index: number): number => Math.min(Math.max(index, 0), length - 1);
  for (let i = 0; i < count; i++) {
    const place = (i - shift) / zoom;
    const lower = Math.floor(place);
    taps.near[i] = clip(lower);
    taps.far[i] = clip(lower + 1);
    taps.nearWeights[i] = lower >= 0 && lower < length ? 1 - (place - lower) : 0;
    taps.farWeights[i] = lower >= -1 && lower + 1 < length ? place - lower : 0;
  }
  return taps;
}

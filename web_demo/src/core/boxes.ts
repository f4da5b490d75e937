/** Boxes in which a tracker looks for a person. */

import type { Box, Size } from "./images.js";

export const MIN_SIDE = 16; // pixels; joints within a smaller box are not a person
export const MAX_LOOKS = 64; // boxes per search, however long a frame is

/** Returns a box of float32 numbers; throws a RangeError if it has no area. */
export function checkBox(box: readonly number[]): Box {
  const [x1, y1, x2, y2] = box.map(Math.fround);
  if (box.length !== 4 || !box.every(Number.isFinite) || !(x1! < x2! && y1! < y2!)) {
    throw new RangeError(
      `box=[${box.join(", ")}]: not a box. Give x1, y1, x2, y2 in pixels, x1 < x2 and y1 < y2.`,
    );
  }
  return [x1!, y1!, x2!, y2!];
}

/** Throws a RangeError if no pixel of a frame lies in a box. */
export function checkWithin(box: Box, frame: Size): void {
  if (box[0] >= frame.width || box[1] >= frame.height || box[2] <= 0 || box[3] <= 0) {
    throw new RangeError(
      `box=[${box.join(", ")}]: outside the frame. Give x1, y1, x2, y2 within ` +
        `${frame.width}x${frame.height} pixels.`,
    );
  }
}

/** Returns the box whose crop shows exactly the whole frame. */
export function frameBox(frame: Size, margin: number): Box {
  const x = (frame.width - 1) / 2;
  const y = (frame.height - 1) / 2;
  const halfWidth = frame.width / 2 / margin;
  const halfHeight = frame.height / 2 / margin;
  return rounded(x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight);
}

/**
 * Returns boxes in which to look for a person anywhere in a frame.
 *
 * @param margin side of a crop over the longer side of its box
 * @param parts sides of the squares over the shorter side of the frame
 * @param edge distance from the left and right edge of the frame to the centers of the outermost
 *   squares, over their side
 * @returns at most MAX_LOOKS boxes: first the whole frame; then, for each part, a grid of squares
 *   that overlap by about half. In a long strip the squares are further apart. Squares below
 *   MIN_SIDE are left out.
 */
export function searchBoxes(
  frame: Size,
  margin: number,
  parts: readonly number[] = [1, 0.75],
  edge = 0.5,
): Box[] {
  const { height, width } = frame;
  const sides = parts.map((part) => part * Math.min(height, width)).filter((s) => s >= MIN_SIDE);
  let grids = sides.map((side) => ({
    side,
    rows: spread(height, side, 0.5),
    columns: spread(width, side, edge),
  }));
  const looks = grids.reduce((sum, grid) => sum + grid.rows.length * grid.columns.length, 0);
  if (looks >= MAX_LOOKS) {
    const most = Math.floor((MAX_LOOKS - 1) / grids.length);
    grids = grids.map(({ side, rows, columns }) =>
      width > height
        ? { side, rows, columns: thin(columns, Math.floor(most / rows.length)) }
        : { side, rows: thin(rows, Math.floor(most / columns.length)), columns },
    );
  }
  const boxes = [frameBox(frame, margin)];
  for (const { side, rows, columns } of grids) {
    const half = side / margin / 2;
    for (const y of rows) {
      boxes.push(...columns.map((x) => rounded(x - half, y - half, x + half, y + half)));
    }
  }
  return boxes;
}

/** Returns evenly spread centers of squares over a length, at most half a side apart. */
function spread(length: number, side: number, edge: number): number[] {
  const between = length - 2 * edge * side;
  if (between <= 0) {
    return [length / 2];
  }
  return linearSpace(edge * side, length - edge * side, 1 + Math.ceil((2 * between) / side));
}

/** Returns at most `most` evenly spread centers, from the first to the last. */
function thin(centers: readonly number[], most: number): number[] {
  return linearSpace(centers[0]!, centers[centers.length - 1]!, Math.min(centers.length, most));
}

function linearSpace(first: number, last: number, count: number): number[] {
  const step = count > 1 ? (last - first) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) =>
    i > 0 && i === count - 1 ? last : first + i * step,
  );
}

function rounded(x1: number, y1: number, x2: number, y2: number): Box {
  return [Math.fround(x1), Math.fround(y1), Math.fround(x2), Math.fround(y2)];
}

/** Pictures, heatmaps and their sizes. */

/** Height and width, in pixels or cells. */
export interface Size {
  readonly height: number;
  readonly width: number;
}

/** Frame of a video: [height, width, channels] from 0 to 255, RGB; a fourth channel is ignored. */
export interface Frame extends Size {
  readonly data: Uint8Array | Uint8ClampedArray;
  readonly channels: 3 | 4;
}

/** Values [height, width, channels]: heatmaps with a channel for each joint, or an RGB crop. */
export interface Maps extends Size {
  readonly data: Float32Array;
  readonly channels: number;
}

/** Map of upright crops: zoom * (x, y) + (shiftX, shiftY). */
export interface Affine {
  readonly zoom: number;
  readonly shiftX: number;
  readonly shiftY: number;
}

/** Corners (x1, y1, x2, y2) in frame pixels; the center of the top-left pixel is (0, 0). */
export type Box = readonly [number, number, number, number];

/** Messages between the page and its worker. */

import type { Pose } from "../core/poses.js";
import type { Description } from "../core/pose_model.js";

export type Accelerator = "wasm" | "webgpu";

/** Raw RGB frame, [height, width, 3]. */
export interface RawFrame {
  readonly data: Uint8Array<ArrayBuffer>;
  readonly height: number;
  readonly width: number;
}

export interface LoadRequest {
  readonly kind: "load";
  readonly id: number;
  readonly model: Uint8Array<ArrayBuffer>;
  readonly accelerator: Accelerator;
  /** CPU threads; more than one requires a page that is cross-origin isolated. */
  readonly threads: number;
  /** Address of the folder of the wasm runtime. */
  readonly runtime: string;
}

export interface TrackRequest {
  readonly kind: "track";
  readonly id: number;
  readonly frame: ImageBitmap | RawFrame;
  /** Seconds. */
  readonly time: number;
  readonly smooth: boolean;
}

/** Forgets the person; the next frame starts a video, with the person in the box if given. */
export interface ResetRequest {
  readonly kind: "reset";
  readonly id: number;
  readonly box: readonly number[] | null;
}

export type Request = LoadRequest | TrackRequest | ResetRequest;

/** Network that was loaded. */
export interface LoadedModel {
  readonly description: Description;
  readonly accelerator: Accelerator;
  readonly threads: number;
  /** Why something slower than requested is used; empty if nothing is. */
  readonly note: string;
}

/** Result of a frame. */
export interface Tracked {
  readonly pose: Pose;
  /** Milliseconds of each call of `start` and of `step`. */
  readonly starts: readonly number[];
  readonly steps: readonly number[];
  /** The bitmap of the request, which returns to its sender. */
  readonly bitmap: ImageBitmap | null;
}

export type Response =
  | { readonly id: number; readonly result: LoadedModel | Tracked | null }
  | { readonly id: number; readonly error: string };

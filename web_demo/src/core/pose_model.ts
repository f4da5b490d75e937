/** Interface of pose networks for single frames. */

import type { Maps, Size } from "./images.js";

/** Crop that a signature takes: a square about the person's box. */
export interface Crop {
  readonly size: Size;
  /** Side of the square over the longer side of the box. */
  readonly margin: number;
}

/** What trackers have to know about a network. */
export interface Description {
  readonly stepCrop: Crop;
  readonly startCrop: Crop;
  readonly heatmapSize: Size;
  /** Crop pixels per heatmap cell of `step`. */
  readonly stride: number;
  /** Whether the previous heatmaps must move along with the crop, see `moved_heatmaps`. */
  readonly steadyCrops: boolean;
  /** Mean score below which a person is lost; null if unknown. */
  readonly restartScore: number | null;
  /** Seconds since the last initial heatmaps at which new ones refresh the previous; 0: never. */
  readonly refreshAfter: number;
  readonly jointNames: readonly string[];
  /** (i, j) joints that a drawing connects. */
  readonly limbs: readonly (readonly [number, number])[];
  /** (i, j) joints that swap in a mirrored image. */
  readonly flipPairs: readonly (readonly [number, number])[];
}

/** Heatmaps of `step`. */
export interface StepHeatmaps {
  readonly final: Maps;
  /** Those of the current frame alone, if joints are read from both; see `present_places`. */
  readonly preliminary: Maps | null;
}

/** Pose network: heatmaps of a first frame, and those of a frame given the previous ones. */
export interface PoseModel {
  readonly description: Description;

  /** Returns the initial heatmaps of a crop of `startCrop`, RGB from 0 to 255. */
  start(crop: Maps): Promise<Maps>;

  /** Returns the heatmaps of a crop of `stepCrop`, given the previous ones. */
  step(crop: Maps, previous: Maps): Promise<StepHeatmaps>;
}

/** Recurrence of a pose network over the crops of one person: start, step, readout. */

import { decode, type Joints } from "./dark.js";
import { cropAffine, cropFrame, toFrame } from "./frame_crops.js";
import { PERIOD } from "./frame_times.js";
import type { Affine, Box, Frame, Maps } from "./images.js";
import { changeCrop, MovedHeatmaps } from "./moved_heatmaps.js";
import type { Crop, PoseModel } from "./pose_model.js";
import { PresentPlaces } from "./present_places.js";

/**
 * Propagates one person's heatmaps from frame to frame and reads the joints.
 *
 * The first frame passes twice, as in training:
 *
 *   h_0 = start(I_1),  h_t = step(I_t, h_(t-1))  for t = 1, 2, ...
 *
 * Stale heatmaps can be refreshed: step(I_t, (h_(t-1) + start(I_t)) / 2).
 */
export class Recurrence {
  private places = new PresentPlaces();

  private constructor(
    private readonly model: PoseModel,
    private readonly previous: MovedHeatmaps,
  ) {}

  /** Starts a clip with the network's initial heatmaps; `step` takes the same frame next. */
  static async start(model: PoseModel, frame: Frame, box: Box): Promise<Recurrence> {
    const { stepCrop, stride } = model.description;
    const affine = cropAffine(box, stepCrop.margin, stepCrop.size);
    const maps = await initialMaps(model, frame, box, affine);
    return new Recurrence(model, new MovedHeatmaps(maps, affine, stride));
  }

  /**
   * Computes h_t in the next frame, and returns the joints in frame pixels.
   *
   * @param period seconds since the preceding frame
   * @param isRefreshed whether the initial heatmaps of this frame refresh h_(t-1)
   */
  async step(
    frame: Frame,
    box: Box,
    period: number = PERIOD,
    isRefreshed = false,
  ): Promise<Joints> {
    const { stepCrop, steadyCrops, stride } = this.model.description;
    const [crop, affine] = cut(frame, box, stepCrop);
    let previous = steadyCrops ? this.previous.moveTo(affine, period) : this.previous.maps;
    if (isRefreshed) {
      previous = mean(previous, await initialMaps(this.model, frame, box, affine));
    }
    const { final, preliminary } = await this.model.step(crop, previous);
    this.previous.replace(final, affine, period);
    return preliminary === null
      ? read(final, affine, stride)
      : this.places.read(final, preliminary, affine, stride, period);
  }
}

/** Reads the joints from the initial heatmaps of a crop about a box, in frame pixels. */
export async function look(model: PoseModel, frame: Frame, box: Box): Promise<Joints> {
  const [crop, affine] = cut(frame, box, model.description.startCrop);
  return read(await model.start(crop), affine, startStride(model));
}

/** Returns the crop of a frame about a box, and the map from frame to crop pixels. */
function cut(frame: Frame, box: Box, crop: Crop): [Maps, Affine] {
  const affine = cropAffine(box, crop.margin, crop.size);
  return [cropFrame(frame, affine, crop.size), affine];
}

/** Returns the initial heatmaps of a frame in the cells of `step`, whose crop may be another one. */
async function initialMaps(
  model: PoseModel,
  frame: Frame,
  box: Box,
  affine: Affine,
): Promise<Maps> {
  const initial = await model.start(cut(frame, box, model.description.startCrop)[0]);
  const { startCrop, stepCrop, heatmapSize, stride } = model.description;
  const { size, margin } = startCrop;
  const isSameSize = size.height === stepCrop.size.height && size.width === stepCrop.size.width;
  if (isSameSize && margin === stepCrop.margin) {
    return initial;
  }
  const from = cropAffine(box, margin, size);
  return changeCrop(initial, from, startStride(model), affine, stride, heatmapSize);
}

/** Returns the crop pixels per heatmap cell of `start`. */
function startStride({ description }: PoseModel): number {
  return description.startCrop.size.height / description.heatmapSize.height;
}

function mean(first: Maps, second: Maps): Maps {
  return { ...first, data: first.data.map((value, i) => (value + second.data[i]!) / 2) };
}

function read(maps: Maps, affine: Affine, stride: number): Joints {
  const { keypoints, scores } = decode(maps, stride);
  return { keypoints: toFrame(affine, keypoints), scores };
}

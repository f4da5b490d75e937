/** Pose network without weights of the golden clips; tests/golden/clip.json has its parameters. */

import type { Maps, Size } from "../src/core/images.js";
import type { Crop, Description, PoseModel, StepHeatmaps } from "../src/core/pose_model.js";
import { toSize } from "./golden_cases.js";

/**
 * Finds joints by their colors: B(I) = max(0, 1 - |m - c_k| / reach), with the mean color m of a
 * cell; start(I) = B(I), step(I, h) = newest B(I) + (1 - newest) h.
 */
export class ReferenceModel implements PoseModel {
  readonly description: Description;
  private readonly heatmapSize: Size;

  constructor(
    private readonly parameters: any,
    settings: any = { margin: 1.25, steady_crops: false },
  ) {
    const { size, stride, heatmap_size, start, joint_names } = parameters;
    const stepCrop: Crop = { size: toSize(size), margin: settings.margin };
    this.heatmapSize = toSize(heatmap_size);
    this.description = {
      stepCrop,
      startCrop: start ? { size: toSize(start.size), margin: start.margin } : stepCrop,
      heatmapSize: this.heatmapSize,
      stride,
      steadyCrops: settings.steady_crops,
      restartScore: null,
      refreshAfter: 0,
      jointNames: joint_names,
      limbs: [],
      flipPairs: [],
    };
  }

  async start(crop: Maps): Promise<Maps> {
    return this.findColors(crop);
  }

  async step(crop: Maps, previous: Maps): Promise<StepHeatmaps> {
    const preliminary = this.findColors(crop);
    const { newest, readout } = this.parameters;
    const data = preliminary.data.map((v, i) => newest * v + (1 - newest) * previous.data[i]!);
    const final = { ...preliminary, data };
    return { final, preliminary: readout === "present" ? preliminary : null };
  }

  private findColors(crop: Maps): Maps {
    const { colors, reach } = this.parameters;
    const { height, width } = this.heatmapSize;
    const stride = crop.height / height;
    const data = new Float32Array(height * width * colors.length);
    for (let cell = 0; cell < height * width; cell++) {
      const [row, column] = [Math.floor(cell / width), cell % width];
      const color = meanColor(crop, row * stride, column * stride, stride);
      colors.forEach((joint: readonly number[], k: number) => {
        const distance = Math.hypot(...color.map((value, c) => value - joint[c]!));
        data[cell * colors.length + k] = Math.max(0, 1 - distance / reach);
      });
    }
    return { data, height, width, channels: colors.length };
  }
}

function meanColor(crop: Maps, top: number, left: number, side: number): number[] {
  const sums = [0, 0, 0];
  for (let y = top; y < top + side; y++) {
    for (let x = left; x < left + side; x++) {
      for (let c = 0; c < 3; c++) {
        sums[c]! += crop.data[(y * crop.width + x) * 3 + c]!;
      }
    }
  }
  return sums.map((sum) => sum / side ** 2);
}

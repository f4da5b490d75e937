/** Descriptions inside .tflite files: JSON in a zip archive at the end of the file. */

import type { Size } from "./images.js";
import type { Crop, Description } from "./pose_model.js";
import { readEntry } from "./zip_archive.js";

const NAME = "ppn_tf.json";

/** Description of an exported network. */
export interface Metadata extends Description {
  /** "present" if `step` also returns preliminary heatmaps; null in older files. */
  readonly readout: string | null;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * Reads the description of a .tflite file; returns null without one.
 *
 * Throws an Error with one clear sentence if the description is damaged.
 */
export async function readMetadata(file: Uint8Array): Promise<Metadata | null> {
  try {
    const content = await readEntry(file, NAME);
    return content && parse(JSON.parse(new TextDecoder().decode(content)));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(`The model's description is damaged (${reason}). Export the network again.`);
  }
}

function parse(value: unknown): Metadata {
  const json = object(value, "the description");
  const heatmaps = object(json["heatmaps"], "heatmaps");
  const skeleton = object(json["skeleton"], "skeleton");
  const frame = object(json["frame"], "frame");
  const stepCrop = crop(frame);
  const start = json["start"] === undefined ? null : object(json["start"], "start");
  const jointNames = list(skeleton["joint_names"], "joint_names").map(String);
  return {
    stepCrop,
    startCrop: start ? crop(object(start["frame"], "start.frame")) : stepCrop,
    heatmapSize: size(heatmaps["size"], "heatmaps.size"),
    stride: within(heatmaps["pixels_per_cell"], 1, 1024, "pixels_per_cell"),
    steadyCrops: Boolean(frame["steady_crops"] ?? false),
    readout: json["readout"] === undefined ? null : String(json["readout"]),
    restartScore:
      json["restart_score"] == null ? null : within(json["restart_score"], 0, 1, "restart_score"),
    refreshAfter: within(json["refresh_after"] ?? 0, 0, 3600, "refresh_after"),
    jointNames,
    limbs: pairs(skeleton["limbs"], jointNames.length, "limbs"),
    flipPairs: pairs(skeleton["flip_pairs"], jointNames.length, "flip_pairs"),
  };
}

function crop(frame: Json): Crop {
  return {
    size: size(frame["size"], "frame.size"),
    margin: within(frame["box_margin"], 0.1, 10, "box_margin"),
  };
}

function size(value: unknown, name: string): Size {
  const [height, width] = list(value, name).map((side) => within(side, 1, 4096, name));
  if (height === undefined || width === undefined) {
    throw new Error(`${name} has fewer than two numbers`);
  }
  return { height, width };
}

function pairs(value: unknown, joints: number, name: string): [number, number][] {
  return list(value, name).map((pair) => {
    const [first, second] = list(pair, name).map((joint) => within(joint, 0, joints - 1, name));
    return [first!, second!];
  });
}

function object(value: unknown, name: string): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new Error(`${name} is missing`);
  }
  return value as Json;
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new Error(`${name} is not a list`);
  }
  return value;
}

function within(value: unknown, low: number, high: number, name: string): number {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new Error(`${name} is ${JSON.stringify(value)}, not a number from ${low} to ${high}`);
  }
  return value;
}

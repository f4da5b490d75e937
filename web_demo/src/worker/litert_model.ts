/** Exported networks, run by LiteRT.js. */

import { loadAndCompile, loadLiteRt, Tensor } from "@litertjs/core";
import type { CompiledModel, LiteRt } from "@litertjs/core";

import type { Maps } from "../core/images.js";
import { readMetadata, type Metadata } from "../core/metadata.js";
import type { PoseModel, StepHeatmaps } from "../core/pose_model.js";
import type { Accelerator } from "./messages.js";

type Outputs = Record<string, { data: Float32Array; shape: readonly number[] }>;

// Emscripten reads its options here. In a worker, it would search for its files next to the worker.
declare const self: WorkerGlobalScope & { Module?: object | undefined };

const EXPORT_AGAIN = "Give a file written by `ppn-tf export tflite`.";

/**
 * Loads the wasm runtime.
 *
 * @param folder its address
 * @param threads whether to load the one with threads
 */
export async function loadRuntime(folder: string, threads: boolean): Promise<LiteRt> {
  const script = `litert_wasm_${threads ? "threaded_" : ""}internal.js`;
  self.Module = {
    locateFile: (name: string) => new URL(name, folder).href,
    mainScriptUrlOrBlob: new URL(script, folder).href,
  };
  return loadLiteRt(folder, { threads });
}

/** TensorFlow Lite file with the signatures `start` and `step`. */
export class LiteRtPoseModel implements PoseModel {
  /** Milliseconds of the calls since the last `takeTimes`. */
  private times: { starts: number[]; steps: number[] } = { starts: [], steps: [] };

  private constructor(
    private readonly model: CompiledModel,
    readonly description: Metadata,
  ) {}

  /**
   * Compiles a file; `loadRuntime` comes first.
   *
   * Throws an Error with one clear sentence if the file is no exported network, or if the
   * accelerator cannot run it.
   */
  static async compile(
    file: Uint8Array,
    accelerator: Accelerator,
    threads: number,
  ): Promise<LiteRtPoseModel> {
    if (new TextDecoder().decode(file.subarray(4, 8)) !== "TFL3") {
      throw new Error(`This file is not a TensorFlow Lite model. ${EXPORT_AGAIN}`);
    }
    const description = await readMetadata(file);
    if (description === null) {
      throw new Error(`This model does not describe its crops and joints. ${EXPORT_AGAIN}`);
    }
    const model = await loadAndCompile(file, {
      accelerator,
      cpuOptions: { numThreads: threads },
      gpuOptions: { precision: "fp32" },
    });
    if (accelerator === "webgpu" && !model.isFullyAccelerated) {
      model.delete();
      throw new Error("WebGPU cannot run all operations of this model.");
    }
    const { start, step } = model.signatures;
    if (!start || !step || !step.getOutputDetails().some(({ name }) => name === "heatmaps")) {
      model.delete();
      throw new Error(`This model has no signatures \`start\` and \`step\`. ${EXPORT_AGAIN}`);
    }
    return new LiteRtPoseModel(model, description);
  }

  async start(crop: Maps): Promise<Maps> {
    const begin = performance.now();
    const { heatmaps } = await this.run("start", { frame: crop });
    this.times.starts.push(performance.now() - begin);
    return toMaps(heatmaps!);
  }

  async step(crop: Maps, previous: Maps): Promise<StepHeatmaps> {
    const begin = performance.now();
    const { heatmaps, preliminary } = await this.run("step", { frame: crop, previous });
    this.times.steps.push(performance.now() - begin);
    const isRead = preliminary && this.description.readout !== "answer";
    return { final: toMaps(heatmaps!), preliminary: isRead ? toMaps(preliminary) : null };
  }

  /** Returns the times of the calls since the last call of this function. */
  takeTimes(): { starts: number[]; steps: number[] } {
    const { times } = this;
    this.times = { starts: [], steps: [] };
    return times;
  }

  delete(): void {
    this.model.delete();
  }

  private async run(signature: string, inputs: Record<string, Maps>): Promise<Outputs> {
    const details = this.model.signatures[signature]!.getInputDetails();
    const tensors: Record<string, Tensor> = {};
    for (const { name, dtype } of details) {
      const { data, height, width, channels } = inputs[name]!;
      const values = dtype === "uint8" ? Uint8Array.from(data, Math.round) : data;
      tensors[name] = new Tensor(values, [1, height, width, channels]);
    }
    const results = await this.model.run(signature, tensors);
    const outputs: Outputs = {};
    for (const { name, shape } of this.model.signatures[signature]!.getOutputDetails()) {
      const data = (await results[name]!.data()) as Float32Array;
      outputs[name] = { data: data.slice(), shape: Array.from(shape) };
    }
    for (const tensor of [...Object.values(tensors), ...Object.values(results)]) {
      tensor.delete();
    }
    return outputs;
  }
}

function toMaps({ data, shape }: Outputs[string]): Maps {
  const [, height, width, channels] = shape;
  return { data, height: height!, width: width!, channels: channels! };
}

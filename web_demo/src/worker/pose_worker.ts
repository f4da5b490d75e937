/** Worker that tracks a person, so that the page stays responsive. */

import type { Frame } from "../core/images.js";
import { PoseSmoother } from "../core/smoothing.js";
import { Tracker } from "../core/tracker.js";
import { LiteRtPoseModel, loadRuntime } from "./litert_model.js";
import type {
  LoadedModel,
  LoadRequest,
  RawFrame,
  Request,
  Response,
  Tracked,
  TrackRequest,
} from "./messages.js";

declare const self: DedicatedWorkerGlobalScope;

let runtime: Promise<number> | null = null; // its number of threads
let model: LiteRtPoseModel | null = null;
let tracker: Tracker | null = null;
let smoother = new PoseSmoother();
let canvas: OffscreenCanvas | null = null;

/** Loads the runtime once, with threads where the browser allows them; returns their number. */
function prepareRuntime(request: LoadRequest): Promise<number> {
  const loadPlain = async (): Promise<number> => {
    await loadRuntime(request.runtime, false);
    return 1;
  };
  const loadThreaded = async (): Promise<number> => {
    await loadRuntime(request.runtime, true);
    return request.threads;
  };
  // Browsers without relaxed SIMD have no threads.
  runtime ??= request.threads > 1 ? loadThreaded().catch(loadPlain) : loadPlain();
  return runtime;
}

async function load(request: LoadRequest): Promise<LoadedModel> {
  const threads = await prepareRuntime(request);
  let { accelerator } = request;
  let note = "";
  let loaded: LiteRtPoseModel;
  try {
    loaded = await LiteRtPoseModel.compile(request.model, accelerator, threads);
  } catch (error) {
    if (accelerator === "wasm") {
      throw error;
    }
    note = `Runs on the CPU instead: ${messageOf(error)}`;
    accelerator = "wasm";
    loaded = await LiteRtPoseModel.compile(request.model, accelerator, threads);
  }
  model?.delete();
  model = loaded;
  tracker = new Tracker(model);
  smoother = new PoseSmoother(undefined, undefined, tracker.settings.minScore);
  return { description: copyDescription(model), accelerator, threads, note };
}

async function track({ frame, time, smooth }: TrackRequest): Promise<Tracked> {
  if (model === null || tracker === null) {
    throw new Error("There is no model yet. Choose one first.");
  }
  const bitmap = frame instanceof ImageBitmap ? frame : null;
  const raw = await tracker.update(toFrame(frame), time);
  const smoothed = smoother.smooth(raw, time);
  return { pose: smooth ? smoothed : raw, ...model.takeTimes(), bitmap };
}

function reset(box: readonly number[] | null): null {
  tracker?.reset(box);
  smoother.reset();
  return null;
}

function toFrame(frame: ImageBitmap | RawFrame): Frame {
  const { height, width } = frame;
  if (!(frame instanceof ImageBitmap)) {
    return { data: frame.data, height, width, channels: 3 };
  }
  if (canvas?.height !== height || canvas.width !== width) {
    canvas = new OffscreenCanvas(width, height);
  }
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.drawImage(frame, 0, 0);
  return { data: context.getImageData(0, 0, width, height).data, height, width, channels: 4 };
}

function copyDescription({ description }: LiteRtPoseModel): LoadedModel["description"] {
  return structuredClone(description);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function answer(request: Request): Promise<LoadedModel | Tracked | null> {
  switch (request.kind) {
    case "load":
      return load(request);
    case "track":
      return track(request);
    case "reset":
      return reset(request.box);
  }
}

// Requests are answered one after another.
let last: Promise<void> = Promise.resolve();
self.addEventListener("message", ({ data }: MessageEvent<Request>) => {
  const respond = (response: Response, transfer: Transferable[] = []): void =>
    self.postMessage(response, transfer);
  last = last.then(async () => {
    try {
      const result = await answer(data);
      const bitmap = result && "bitmap" in result ? result.bitmap : null;
      respond({ id: data.id, result }, bitmap ? [bitmap] : []);
    } catch (error) {
      respond({ id: data.id, error: messageOf(error) });
    }
  });
});

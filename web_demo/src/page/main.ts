/** Starts the page: connects sources, model, worker and controls. */

import type { Accelerator, LoadedModel } from "../worker/messages.js";
import { BrowserTracker } from "./browser_tracker.js";
import { listenForDrops } from "./drops.js";
import { elements, messageOf, showProblem, showStatus } from "./elements.js";
import { fetchModel, listModels, type OfferedModel } from "./models.js";
import { prepareOffline } from "./offline.js";
import type { PoseTracker } from "./pose_tracker.js";
import { ServerChoice } from "./server_choice.js";
import { Session } from "./session.js";
import { hasSeveralCameras, VideoSource, type Facing } from "./sources.js";
import { installTestHook } from "./test_hook.js";
import { clear } from "./view.js";
import { PoseWorker } from "./worker_client.js";

const MOST_THREADS = 4; // more threads wait for each other in a network this small
const NO_MODEL =
  "There is no model here. Choose a .tflite file written by `ppn-tf export tflite`, or start " +
  "this page by `ppn-tf demo`.";

const worker = new PoseWorker();
const source = new VideoSource(elements.video);
const server = new ServerChoice();
let offered: OfferedModel[] = [];
let ownModel: File | null = null;
let model: LoadedModel | null = null;
let session: Session | null = null;
let facing: Facing = "user";

/** Returns the address of a file of the page. */
function resolve(name: string): string {
  return new URL(name, document.baseURI).href;
}

async function readModel(): Promise<Uint8Array<ArrayBuffer> | null> {
  const chosen = elements.model.value;
  if (chosen === "own" && ownModel) {
    return new Uint8Array(await ownModel.arrayBuffer());
  }
  const entry = offered[Number(chosen)];
  return entry ? fetchModel(entry) : null;
}

/** Loads the chosen model, and continues with the source that is open. */
async function loadModel(): Promise<void> {
  session?.cancel();
  model = null;
  elements.camera.disabled = true;
  showProblem("");
  showStatus("Loading the model …");
  try {
    const content = await readModel();
    if (content === null) {
      throw new Error(NO_MODEL);
    }
    const threads = crossOriginIsolated
      ? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS)
      : 1;
    const accelerator = elements.accelerator.value as Accelerator;
    model = await worker.load({ model: content, accelerator, threads, runtime: resolve("wasm/") });
    describe(model);
    showStatus("The model is ready.");
  } catch (error) {
    showStatus("");
    showProblem(messageOf(error));
  } finally {
    elements.camera.disabled = false;
  }
  if (model !== null && source.isOpen) {
    void track();
  }
}

/** Finds poses in the chosen place from now on, also in the source that is open. */
async function changePlace(): Promise<void> {
  session?.cancel();
  document.body.dataset["place"] = server.isChosen ? "server" : "browser";
  for (const control of [elements.model, elements.modelFile, elements.accelerator]) {
    control.disabled = server.isChosen;
  }
  showProblem("");
  if (server.isChosen) {
    if (!(await server.prepare())) {
      return;
    }
    showStatus("The server is ready.");
  } else if (model === null) {
    await loadModel();
    return;
  } else {
    describe(model);
    showStatus("The model is ready.");
  }
  if (source.isOpen) {
    void track();
  }
}

/** Returns a tracker in the chosen place; null if there is none. */
function makeTracker(): PoseTracker | null {
  if (server.isChosen) {
    return server.makeTracker((isLost) =>
      isLost ? showStatus("The connection is lost. Connecting again …") : showTracking(),
    );
  }
  return model && new BrowserTracker(worker, model);
}

function describe({ accelerator, threads, note }: LoadedModel): void {
  const isolation = crossOriginIsolated ? "" : " (page not isolated)";
  elements.threads.textContent =
    accelerator === "webgpu" ? "GPU" : `${threads}${threads > 1 ? "" : isolation}`;
  showProblem(note);
}

/** Opens a source by a function, and tracks its frames. */
async function open(begin: () => Promise<void>): Promise<void> {
  session?.cancel();
  showProblem("");
  showStatus("Opening …");
  try {
    await begin();
  } catch (error) {
    showStatus("");
    showProblem(messageOf(error));
    showControls();
    return;
  }
  void track();
}

async function track(): Promise<void> {
  const tracker = makeTracker();
  if (tracker === null && server.isChosen) {
    showControls();
    void changePlace();
    return;
  }
  if (tracker === null) {
    showStatus("");
    showProblem(elements.problem.textContent || NO_MODEL);
    showControls();
    return;
  }
  const current = new Session(tracker, source);
  session = current;
  elements.invitation.hidden = true;
  elements.view.setAttribute("aria-label", "Picture with the skeleton of the person");
  showControls();
  showTracking();
  await current.run();
  if (!current.isCancelled) {
    source.close();
    showControls();
    showStatus(current.recording.length ? "Stopped. The joints can be downloaded." : "Stopped.");
  }
}

function showTracking(): void {
  showStatus(source.isLive ? "Tracking the camera." : "Tracking the video.");
}

function showControls(): void {
  elements.pause.disabled = elements.stop.disabled = !source.isOpen;
  elements.pause.textContent = source.isOpen && source.isPaused ? "Resume" : "Pause";
  elements.switchCamera.hidden = true;
  if (source.isLive) {
    void hasSeveralCameras().then((several) => (elements.switchCamera.hidden = !several));
  }
}

function openVideo(file: File): void {
  void open(() => source.openFile(file));
}

function useOwnModel(file: File): void {
  ownModel = file;
  model = null;
  elements.model.querySelector("option[value=own]")?.remove();
  elements.model.add(new Option(file.name, "own", true, true));
  elements.inBrowser.checked = true;
  void changePlace();
}

function connect(): void {
  elements.camera.addEventListener("click", () => void open(() => source.openCamera(facing)));
  elements.switchCamera.addEventListener("click", () => {
    facing = facing === "user" ? "environment" : "user";
    void open(() => source.openCamera(facing));
  });
  elements.pause.addEventListener("click", () => void source.togglePause().then(showControls));
  elements.stop.addEventListener("click", () => {
    session?.stop();
    source.close();
    showControls();
  });
  elements.videoFile.addEventListener("change", () => {
    const [file] = elements.videoFile.files ?? [];
    if (file) {
      openVideo(file);
    }
  });
  elements.modelFile.addEventListener("change", () => {
    const [file] = elements.modelFile.files ?? [];
    if (file) {
      useOwnModel(file);
    }
  });
  for (const control of [elements.inBrowser, elements.onServer, elements.key]) {
    control.addEventListener("change", () => void changePlace());
  }
  elements.model.addEventListener("change", () => void loadModel());
  elements.accelerator.addEventListener("change", () => void loadModel());
  elements.json.addEventListener("click", () => session?.recording.download("jsonl"));
  elements.csv.addEventListener("click", () => session?.recording.download("csv"));
  listenForDrops({ openVideo, useOwnModel, refuse: showProblem });
}

async function hasGpu(): Promise<boolean> {
  const { gpu } = navigator as { gpu?: { requestAdapter(): Promise<object | null> } };
  return Boolean(await gpu?.requestAdapter().catch(() => null));
}

async function begin(): Promise<void> {
  elements.accelerator.add(new Option("CPU", "wasm"));
  if (await hasGpu()) {
    elements.accelerator.add(new Option("GPU (WebGPU)", "webgpu"));
  }
  connect();
  clear(elements.view);
  showStatus("Loading …");
  await prepareOffline();
  offered = await listModels();
  offered.forEach(({ name }, i) => elements.model.add(new Option(name, String(i))));
  if (!offered.length) {
    elements.model.add(new Option("none", "none"));
  }
  await loadModel();
  await server.appear();
  installTestHook(worker, server);
}

void begin();

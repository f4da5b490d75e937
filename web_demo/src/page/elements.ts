/** Elements of index.html. */

function find<T extends HTMLElement>(id: string, kind: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) {
    throw new Error(`index.html has no ${kind.name} #${id}.`);
  }
  return element;
}

export const elements = {
  video: find("video", HTMLVideoElement),
  view: find("view", HTMLCanvasElement),
  invitation: find("invitation", HTMLElement),
  status: find("status", HTMLElement),
  problem: find("problem", HTMLElement),
  camera: find("camera", HTMLButtonElement),
  switchCamera: find("switch", HTMLButtonElement),
  pause: find("pause", HTMLButtonElement),
  stop: find("stop", HTMLButtonElement),
  videoFile: find("video-file", HTMLInputElement),
  place: find("place", HTMLFieldSetElement),
  inBrowser: find("in-browser", HTMLInputElement),
  onServer: find("on-server", HTMLInputElement),
  people: find("people", HTMLInputElement),
  keyRow: find("key-row", HTMLElement),
  key: find("key", HTMLInputElement),
  model: find("model", HTMLSelectElement),
  modelFile: find("model-file", HTMLInputElement),
  accelerator: find("accelerator", HTMLSelectElement),
  smooth: find("smooth", HTMLInputElement),
  rate: find("rate", HTMLElement),
  confidence: find("confidence", HTMLElement),
  stepTime: find("step-time", HTMLElement),
  startTime: find("start-time", HTMLElement),
  threads: find("threads", HTMLElement),
  roundTrip: find("round-trip", HTMLElement),
  count: find("count", HTMLElement),
  dropped: find("dropped", HTMLElement),
  json: find("json", HTMLButtonElement),
  csv: find("csv", HTMLButtonElement),
};

/** Says what the page does now. */
export function showStatus(text: string): void {
  elements.status.textContent = text;
}

/** Shows what went wrong and what helps; an empty text hides the last problem. */
export function showProblem(text: string): void {
  elements.problem.textContent = text;
  elements.problem.hidden = !text;
}

/** Returns the message of an error, which is one sentence for the user. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

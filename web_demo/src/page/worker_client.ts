/** The page's side of the worker that tracks. */

import type {
  LoadedModel,
  LoadRequest,
  RawFrame,
  Request,
  Response,
  Tracked,
} from "../worker/messages.js";

type Unnumbered<R> = R extends Request ? Omit<R, "id"> : never;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Worker with one model, and the state of one person. */
export class PoseWorker {
  private readonly worker = new Worker("pose_worker.js", { name: "pose" });
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  constructor() {
    this.worker.addEventListener("message", ({ data }: MessageEvent<Response>) => {
      const waiting = this.waiting.get(data.id);
      this.waiting.delete(data.id);
      if ("error" in data) {
        waiting?.reject(new Error(data.error));
      } else {
        waiting?.resolve(data.result);
      }
    });
    this.worker.addEventListener("error", (event) => {
      const reason = event.message || "pose_worker.js cannot be loaded";
      this.waiting.forEach(({ reject }) => reject(new Error(`The worker failed: ${reason}.`)));
      this.waiting.clear();
    });
  }

  load(request: Omit<LoadRequest, "id" | "kind">): Promise<LoadedModel> {
    return this.ask({ kind: "load", ...request }, [request.model.buffer]);
  }

  /** Tracks the next frame; a bitmap returns with the result. */
  track(frame: ImageBitmap | RawFrame, time: number, smooth: boolean): Promise<Tracked> {
    const transfer = frame instanceof ImageBitmap ? frame : frame.data.buffer;
    return this.ask({ kind: "track", frame, time, smooth }, [transfer]);
  }

  /** Forgets the person; the next frame starts a video, with the person in the box if given. */
  reset(box: readonly number[] | null = null): Promise<null> {
    return this.ask({ kind: "reset", box });
  }

  private ask<T>(request: Unnumbered<Request>, transfer: Transferable[] = []): Promise<T> {
    const id = ++this.lastId;
    return new Promise<T>((resolve, reject) => {
      this.waiting.set(id, { resolve: resolve as (result: unknown) => void, reject });
      this.worker.postMessage({ ...request, id }, transfer);
    });
  }
}

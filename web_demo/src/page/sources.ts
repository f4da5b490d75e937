/** Cameras and video files. */

const LONGEST_SIDE = 1280; // pixels of a frame that is tracked; larger ones are reduced
const SLOWEST = 0.0625; // playback rate, the least that browsers support
const ACCELERATION = 1.1; // of the playback rate, with each frame in time

/** Frame of a source. */
export interface SourceFrame {
  readonly bitmap: ImageBitmap;
  /** Seconds since the start of the video, or of the camera. */
  readonly time: number;
  /** Pixels of the source per pixel of the bitmap. */
  readonly scale: number;
}

export type Facing = "user" | "environment";

/** Source of frames in a <video>. */
export class VideoSource {
  isMirrored = false;
  private stream: MediaStream | null = null;
  private address = "";
  private lastTime = -1;
  private presented = 0; // frames that the browser has shown
  private missedFrames = 0;
  private wake: () => void = () => undefined;

  constructor(private readonly video: HTMLVideoElement) {
    for (const event of ["ended", "error", "emptied"]) {
      video.addEventListener(event, () => this.wake());
    }
  }

  get isLive(): boolean {
    return this.stream !== null;
  }

  get isOpen(): boolean {
    return this.isLive || this.address !== "";
  }

  /** Returns the number of frames since the source was opened that came while nobody waited. */
  get missed(): number {
    return this.missedFrames;
  }

  get isPaused(): boolean {
    return this.video.paused;
  }

  /** Opens a camera; throws an Error that says what to do. */
  async openCamera(facing: Facing): Promise<void> {
    this.close();
    this.presented = this.missedFrames = 0;
    if (!navigator.mediaDevices) {
      throw new Error(
        "Browsers give cameras only to secure pages. Open this page on localhost or by https, or " +
          "choose a video file.",
      );
    }
    const video = { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 } };
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
    } catch (error) {
      throw new Error(explainCamera(error));
    }
    const [track] = this.stream.getVideoTracks();
    // The camera was unplugged, or its permission was taken back.
    track!.addEventListener("ended", () => this.close());
    // Cameras of desktops do not say where they look: at their user.
    this.isMirrored = (track!.getSettings().facingMode ?? "user") === "user";
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  /** Opens a video file; throws an Error if the browser cannot play it. */
  async openFile(file: File): Promise<void> {
    this.close();
    this.presented = this.missedFrames = 0;
    this.isMirrored = false;
    this.address = URL.createObjectURL(file);
    this.video.src = this.address;
    try {
      await this.video.play();
    } catch {
      this.close();
      throw new Error(`${file.name}: this browser cannot play it. Choose an MP4 or WebM video.`);
    }
  }

  /** Pauses a running source, and continues a paused one. */
  async togglePause(): Promise<void> {
    if (this.video.paused) {
      await this.video.play();
    } else {
      this.video.pause();
    }
  }

  close(): void {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    if (this.address) {
      URL.revokeObjectURL(this.address);
      this.address = "";
    }
    this.isMirrored = false;
    this.video.removeAttribute("src");
    this.video.srcObject = null;
    this.video.playbackRate = 1;
    this.video.load();
    this.lastTime = -1;
    this.wake();
  }

  /** Returns the next frame that the browser shows; null at the end. */
  async next(): Promise<SourceFrame | null> {
    const { video } = this;
    const time = await this.nextTime();
    if (time === null || !this.isOpen || !video.videoWidth) {
      return null;
    }
    const scale = Math.max(1, Math.max(video.videoWidth, video.videoHeight) / LONGEST_SIDE);
    if (scale === 1) {
      return { bitmap: await createImageBitmap(video), time, scale };
    }
    const bitmap = await createImageBitmap(video, {
      resizeWidth: Math.round(video.videoWidth / scale),
      resizeHeight: Math.round(video.videoHeight / scale),
      resizeQuality: "medium",
    });
    return { bitmap, time, scale: video.videoWidth / bitmap.width };
  }

  /** Counts missed frames, and slows a file down as long as there are any. */
  private adaptRate(presented: number): void {
    const steps = presented - this.presented;
    this.missedFrames += this.presented ? Math.max(0, steps - 1) : 0;
    this.presented = presented;
    if (!this.isLive && steps > 0) {
      const rate = this.video.playbackRate * (steps > 1 ? 1 / steps : ACCELERATION);
      this.video.playbackRate = Math.min(Math.max(rate, SLOWEST), 1);
    }
  }

  /** Waits for the next frame, and returns its time; null at the end. */
  private nextTime(): Promise<number | null> {
    const { video } = this;
    return new Promise((resolve) => {
      this.wake = () => resolve(null);
      if (!this.isOpen || video.ended) {
        resolve(null);
        return;
      }
      if ("requestVideoFrameCallback" in video) {
        video.requestVideoFrameCallback((now, { mediaTime, presentedFrames }) => {
          this.adaptRate(presentedFrames);
          resolve(this.isLive ? now / 1000 : mediaTime);
        });
        return;
      }
      const poll = (now: number): void => {
        const { currentTime } = this.video;
        if (currentTime !== this.lastTime) {
          this.lastTime = currentTime;
          resolve(this.isLive ? now / 1000 : currentTime);
        } else if (this.isOpen && !this.video.ended) {
          requestAnimationFrame(poll);
        }
      };
      requestAnimationFrame(poll);
    });
  }
}

/** Returns whether there is more than one camera; known once one was allowed. */
export async function hasSeveralCameras(): Promise<boolean> {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter(({ kind }) => kind === "videoinput").length > 1;
}

function explainCamera(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  switch (name) {
    case "NotAllowedError":
    case "SecurityError":
      return (
        "The camera was denied. Allow it for this page in the browser's settings and start it " +
        "again, or choose a video file."
      );
    case "NotFoundError":
    case "OverconstrainedError":
      return "No camera was found. Connect one and start it again, or choose a video file.";
    case "NotReadableError":
    case "AbortError":
      return "The camera is in use by another program. Close that and start the camera again.";
    default:
      return `The camera cannot be started (${error}). Choose a video file instead.`;
  }
}

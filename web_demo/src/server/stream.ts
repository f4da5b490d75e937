/** Stream of frames over one WebSocket. */

import type { Person } from "../core/poses.js";
import { parseAnswer } from "./answers.js";

const PATIENCE = 20_000; // milliseconds for an answer, after which the server counts as gone
const GONE = 1006; // close code of a connection that broke
// Close codes after which the same frames would be refused again: wrong data, and broken limits.
const REFUSALS = [1003, 1007, 1008, 1009];

/** People in a frame. */
export interface ServedFrame {
  readonly people: readonly Person[];
  /** Milliseconds from sending the frame to the answer. */
  readonly roundTrip: number;
}

/** End of a stream before all its frames were answered. */
export class StreamEndedError extends Error {
  constructor(
    readonly code: number,
    reason: string,
  ) {
    super(`The server ended the stream: ${reason || `code ${code}.`}`);
  }

  /** Returns whether a new stream would end for the same reason. */
  get isRefusal(): boolean {
    return REFUSALS.includes(this.code);
  }
}

interface SentFrame {
  readonly number: number;
  readonly sentAt: number;
  readonly timer: ReturnType<typeof setTimeout>;
  readonly resolve: (frame: ServedFrame | null) => void;
  readonly reject: (error: Error) => void;
}

export class ServerStream {
  private sent: SentFrame[] = [];
  private count = 0;
  private ended = false;

  private constructor(
    private readonly socket: WebSocket,
    private readonly jointNames: readonly string[],
  ) {
    socket.addEventListener("message", ({ data }) => this.take(data as string));
    socket.addEventListener("close", ({ code, reason }) => this.end(code, reason));
  }

  /** Waits until a socket is open; returns null if the server refuses it or is gone. */
  static async open(
    socket: WebSocket,
    jointNames: readonly string[],
  ): Promise<ServerStream | null> {
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.addEventListener("open", () => resolve(true));
      socket.addEventListener("close", () => resolve(false));
    });
    return isOpen ? new ServerStream(socket, jointNames) : null;
  }

  get hasEnded(): boolean {
    return this.ended;
  }

  /**
   * Sends a frame, and returns its people; null if the server dropped it.
   *
   * Throws a StreamEndedError if the stream ends before the answer.
   */
  track(picture: Blob, time: number): Promise<ServedFrame | null> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.end(GONE, "it does not answer."), PATIENCE);
      const sentAt = performance.now();
      this.sent.push({ number: this.count++, sentAt, timer, resolve, reject });
      this.socket.send(JSON.stringify({ time }));
      this.socket.send(picture);
    });
  }

  close(): void {
    this.socket.close();
  }

  private end(code: number, reason: string): void {
    if (this.ended) {
      return;
    }
    this.ended = true;
    for (const { timer, reject } of this.sent) {
      clearTimeout(timer);
      reject(new StreamEndedError(code, reason));
    }
    this.sent = [];
    this.socket.close();
  }

  private take(text: string): void {
    const { frame, people, dropped } = parseAnswer(text, this.jointNames);
    const isOver = ({ number }: SentFrame): boolean => number === frame || dropped.includes(number);
    const over = this.sent.filter(isOver);
    this.sent = this.sent.filter((sent) => !isOver(sent));
    for (const { number, sentAt, timer, resolve } of over) {
      clearTimeout(timer);
      resolve(number === frame ? { people, roundTrip: performance.now() - sentAt } : null);
    }
  }
}

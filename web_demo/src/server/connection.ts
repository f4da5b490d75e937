/** Connection to `ppn-tf serve`: what it offers, why it refuses, and streams that begin again. */

import { ServerStream, StreamEndedError, type ServedFrame } from "./stream.js";

const PATH = "v1/stream";
const PATIENCE = 15_000; // milliseconds for a lost connection
const PAUSE = 500; // milliseconds between two attempts
const ANSWER_WAIT = 10_000; // milliseconds for an answer about streams
const UNREACHABLE = "The server cannot be reached. Check that it runs.";
const NO_SOCKET = "The server answers, but no WebSocket opens. A proxy in front must forward them.";

/** What a server tells about its streams. */
export interface Offer {
  /** Largest number of people that it tracks at a time. */
  readonly maxPeople: number;
  readonly jointNames: readonly string[];
  readonly limbs: readonly (readonly [number, number])[];
}

/** Options of a stream. */
export interface StreamOptions {
  readonly maxPeople: number;
  readonly smooth: boolean;
}

/** Refusal with one sentence for the user. */
export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }

  /** Returns whether the server requires a key, or another one. */
  get wantsKey(): boolean {
    return this.status === 401;
  }
}

/** The two doors to a server; tests replace them. */
export interface Network {
  readonly fetch: (address: string, options: RequestInit) => Promise<Response>;
  readonly openSocket: (address: string) => WebSocket;
  readonly wait: (milliseconds: number) => Promise<void>;
}

const BROWSER: Network = {
  fetch: (address, options) => fetch(address, options),
  openSocket: (address) => new WebSocket(address),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

export class ServerConnection {
  private stream: ServerStream | null = null;
  private query = "";
  private wasOpen = false;

  /**
   * @param page address of the page, which the server serves
   * @param key API key; empty for none
   * @param onLost called with true when the connection is lost, and with false when it is back
   */
  constructor(
    private readonly page: string,
    private readonly key: string,
    private readonly onLost: (isLost: boolean) => void = () => undefined,
    private readonly network: Network = BROWSER,
  ) {}

  /** Returns what the server offers; throws a RefusedError with one sentence if it refuses. */
  async ask(): Promise<Offer> {
    const headers: Record<string, string> = this.key ? { "X-API-Key": this.key } : {};
    const signal = AbortSignal.timeout(ANSWER_WAIT);
    const request: RequestInit = { headers, cache: "no-store", signal };
    const response = await this.network.fetch(this.address(PATH), request).catch(() => null);
    if (response === null) {
      throw new RefusedError(0, UNREACHABLE);
    }
    const content = (await response.json().catch(() => ({}))) as Record<string, any>;
    if (response.ok && content["joint_names"]) {
      const { max_people: maxPeople, joint_names: jointNames, limbs } = content as any;
      return { maxPeople, jointNames, limbs };
    }
    const reason: string = content["error"] ?? `status ${response.status}.`;
    if (response.status === 401) {
      const text = this.key ? "The server does not know this API key." : "This server requires an API key.";
      throw new RefusedError(401, text);
    }
    throw new RefusedError(response.status, `The server refuses: ${reason}`);
  }

  /**
   * Sends a frame once a stream with these options is open; returns its answer, see
   * `ServerStream.track`. A lost connection is opened again while `isWanted`.
   */
  async send(
    picture: Blob,
    time: number,
    options: StreamOptions,
    isWanted: () => boolean,
  ): Promise<{ answer: Promise<ServedFrame | null> } | null> {
    const query = `?max_people=${options.maxPeople}&smooth=${options.smooth}`;
    if (this.query !== query) {
      this.close();
      this.query = query;
    }
    if (this.stream === null || this.stream.hasEnded) {
      this.stream = await this.open(isWanted);
    }
    return this.stream && { answer: this.stream.track(picture, time) };
  }

  close(): void {
    this.stream?.close();
    this.stream = null;
    this.wasOpen = false;
  }

  /** Opens a stream; returns null if nobody wants it any more. */
  private async open(isWanted: () => boolean): Promise<ServerStream | null> {
    const attempts = this.wasOpen ? PATIENCE / PAUSE : 1;
    for (let attempt = 1; isWanted(); attempt++) {
      try {
        const stream = await this.tryOpen();
        this.onLost(false);
        this.wasOpen = true;
        return stream;
      } catch (error) {
        const { wantsKey } = error as RefusedError;
        if (wantsKey || attempt >= attempts) {
          throw error;
        }
        this.onLost(true);
        await this.network.wait(PAUSE);
      }
    }
    return null;
  }

  private async tryOpen(): Promise<ServerStream> {
    // Browsers do not tell why a WebSocket was refused, so this asks before.
    const { jointNames } = await this.ask();
    const key = this.key ? `&key=${encodeURIComponent(this.key)}` : "";
    const address = this.address(PATH + this.query + key).replace(/^http/, "ws");
    const stream = await ServerStream.open(this.network.openSocket(address), jointNames);
    if (stream === null) {
      await this.ask();
      throw new RefusedError(0, NO_SOCKET);
    }
    return stream;
  }

  private address(path: string): string {
    return new URL(path, this.page).href;
  }
}

/** Returns whether a stream may be opened again after an error, for the frames to come. */
export function isPassing(error: unknown): boolean {
  return error instanceof StreamEndedError && !error.isRefusal;
}

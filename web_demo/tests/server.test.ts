import assert from "node:assert/strict";
import test from "node:test";

import { parseAnswer } from "../src/server/answers.js";
import { RefusedError, ServerConnection, isPassing } from "../src/server/connection.js";
import { StreamEndedError } from "../src/server/stream.js";

// Messages of `ppn-tf serve`, with two of the 17 joints.
const PERSON = {
  track_id: 2,
  keypoints: { nose: [192.399, 17.699, 0.68], left_hip: [150.5, 90.25, 0.9] },
  box: [149.78, 0.0, 243.71, 230.55],
  score: 0.53,
  found: true,
};
const ANSWER = { index: 0, frame: 0, time: 1.466667, people: [PERSON], restarted: false };
const END = { end: "the server is stopping.", frames: 3, answers: 1, num_dropped_in_all: 2 };

const OFFER = { max_people: 5, joint_names: ["left_hip", "nose"], limbs: [[0, 1]] };
const OPTIONS = { maxPeople: 2, smooth: true };
const PICTURE = new Blob(["picture"]);
const wanted = (): boolean => true;

/** Sends a frame, whose answer does not matter. */
async function send(connection: ServerConnection, options = OPTIONS): Promise<void> {
  const stream = await connection.send(PICTURE, 0, options, wanted);
  stream!.answer.catch(() => undefined);
}

/** WebSocket without a network. */
class FakeSocket extends EventTarget {
  readonly sent: unknown[] = [];

  constructor(readonly address: string) {
    super();
  }

  send(message: unknown): void {
    this.sent.push(message);
  }

  receive(message: object): void {
    this.dispatchEvent(Object.assign(new Event("message"), { data: JSON.stringify(message) }));
  }

  close(code = 1005, reason = ""): void {
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

/** Server whose sockets and answers to requests a test controls. */
class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly requests: { address: string; options: RequestInit }[] = [];
  readonly losses: boolean[] = [];
  status = 200;
  content: object = OFFER;
  isUp = true;
  pauses = 0;
  onPause: () => void = () => undefined;

  connect(key = ""): ServerConnection {
    const network = {
      fetch: async (address: string, options: RequestInit) => {
        this.requests.push({ address, options });
        if (!this.isUp) {
          throw new TypeError("Failed to fetch");
        }
        return new Response(JSON.stringify(this.content), { status: this.status });
      },
      openSocket: (address: string) => {
        const socket = new FakeSocket(address);
        this.sockets.push(socket);
        queueMicrotask(() => socket.dispatchEvent(new Event("open")));
        return socket as unknown as WebSocket;
      },
      wait: async () => {
        this.pauses += 1;
        this.onPause();
      },
    };
    const page = "https://example.org/poses/";
    return new ServerConnection(page, key, (isLost) => this.losses.push(isLost), network);
  }
}

test("joints are in the order of the names", () => {
  const { frame, people, dropped } = parseAnswer(
    JSON.stringify({ ...ANSWER, num_dropped: 1, dropped: [7] }),
    OFFER.joint_names,
  );
  assert.equal(frame, 0);
  assert.deepEqual(dropped, [7]);
  assert.equal(people.length, 1);
  const [{ trackId, keypoints, scores, box, found }] = people as [(typeof people)[0]];
  assert.deepEqual([trackId, found, box], [2, true, PERSON.box]);
  assert.deepEqual(keypoints, Float32Array.from([150.5, 90.25, 192.399, 17.699]));
  assert.deepEqual(scores, Float32Array.from([0.9, 0.68]));
});

test("frames get their answers, and dropped ones none", async () => {
  const server = new FakeServer();
  const connection = server.connect();
  const frames = [];
  for (const time of [0, 0.5, 1]) {
    frames.push((await connection.send(PICTURE, time, OPTIONS, wanted))!.answer);
  }
  const [socket] = server.sockets;
  assert.equal(socket!.address, "wss://example.org/poses/v1/stream?max_people=2&smooth=true");
  assert.deepEqual(socket!.sent.slice(0, 3), ['{"time":0}', PICTURE, '{"time":0.5}']);
  socket!.receive({ ...ANSWER, dropped: [] });
  socket!.receive({ ...ANSWER, frame: 2, people: [], dropped: [1] });
  const [first, second, third] = await Promise.all(frames);
  assert.equal(first!.people[0]!.trackId, 2);
  assert.ok(first!.roundTrip >= 0);
  assert.equal(second, null);
  assert.deepEqual(third!.people, []);
});

test("the reason of a close code reaches the user", async () => {
  const server = new FakeServer();
  const stream = await server.connect().send(PICTURE, 0, OPTIONS, wanted);
  server.sockets[0]!.close(1008, "more than 120 frames per second.");
  const error = await stream!.answer.catch((reason) => reason);
  assert.ok(error instanceof StreamEndedError && !isPassing(error));
  assert.equal(error.message, "The server ended the stream: more than 120 frames per second.");
});

test("a server that stops names what it dropped, and the stream begins again", async () => {
  const server = new FakeServer();
  const connection = server.connect();
  const first = await connection.send(PICTURE, 0, OPTIONS, wanted);
  const second = await connection.send(PICTURE, 1, OPTIONS, wanted);
  server.sockets[0]!.receive({ ...END, dropped: [1] });
  server.sockets[0]!.close(1001, "the server is stopping.");
  assert.equal(await second!.answer, null);
  assert.ok(isPassing(await first!.answer.catch((reason) => reason)));
  server.isUp = false;
  server.onPause = () => (server.isUp = server.pauses === 3);
  await send(connection);
  assert.equal(server.sockets.length, 2);
  assert.deepEqual(server.losses, [false, true, true, true, false]);
  connection.close();
});

test("a server that stays away is given up, at once if it never answered", async () => {
  const server = new FakeServer();
  const connection = server.connect();
  const message = /^The server cannot be reached\. Check that it runs\.$/;
  const refused = { name: "Error", message };
  server.isUp = false;
  await assert.rejects(connection.send(PICTURE, 0, OPTIONS, wanted), refused);
  assert.equal(server.pauses, 0);
  server.isUp = true;
  const stream = await connection.send(PICTURE, 0, OPTIONS, wanted);
  server.sockets[0]!.close(1006);
  await assert.rejects(stream!.answer);
  server.isUp = false;
  await assert.rejects(connection.send(PICTURE, 0, OPTIONS, wanted), refused);
  assert.equal(server.pauses, 29);
});

test("a lost connection is not opened again for a source that is closed", async () => {
  const server = new FakeServer();
  const connection = server.connect();
  await send(connection);
  server.sockets[0]!.close(1001);
  assert.equal(await connection.send(PICTURE, 0, OPTIONS, () => false), null);
});

test("other options begin another stream", async () => {
  const server = new FakeServer();
  const connection = server.connect();
  await send(connection);
  await send(connection, { ...OPTIONS, smooth: false });
  assert.match(server.sockets[1]!.address, /smooth=false$/);
  connection.close();
});

test("keys are sent, and missing ones are asked for", async () => {
  const server = new FakeServer();
  const connection = server.connect("a&b=1");
  await send(connection);
  connection.close();
  assert.match(server.sockets[0]!.address, /&key=a%26b%3D1$/);
  assert.deepEqual(server.requests[0]!.options.headers, { "X-API-Key": "a&b=1" });
  server.status = 401;
  server.content = { error: "no valid API key. Send Authorization: Bearer KEY." };
  for (const [key, message] of [
    ["", "This server requires an API key."],
    ["wrong", "The server does not know this API key."],
  ]) {
    const error = await server.connect(key).ask().catch((reason) => reason);
    assert.ok(error instanceof RefusedError && error.wantsKey);
    assert.equal(error.message, message);
  }
});

test("the reason of a refusal is shown", async () => {
  const server = new FakeServer();
  server.status = 429;
  server.content = { error: "64 streams are open. Try again later." };
  await assert.rejects(server.connect().send(PICTURE, 0, OPTIONS, wanted), {
    message: "The server refuses: 64 streams are open. Try again later.",
  });
});

import assert from "node:assert/strict";
import test from "node:test";

import { Clock, PERIOD, isOver } from "../src/core/frame_times.js";
import { toCsv, toJsonLines } from "../src/core/joint_tables.js";
import { FrameRate, Latency } from "../src/core/latency.js";

test("percentiles are interpolated", () => {
  const latency = new Latency();
  assert.equal(latency.percentile(50), null);
  [30, 10, 20, 40].forEach((time) => latency.add(time));
  assert.equal(latency.percentile(50), 25);
  assert.equal(latency.percentile(0), 10);
  assert.equal(latency.percentile(100), 40);
  assert.equal(latency.percentile(95), 38.5);
});

test("only the newest times count", () => {
  const latency = new Latency(3);
  [100, 1, 2, 3].forEach((time) => latency.add(time));
  assert.equal(latency.count, 3);
  assert.equal(latency.percentile(100), 3);
});

test("the frame rate is that of the newest seconds", () => {
  const rate = new FrameRate(1);
  assert.equal(rate.perSecond(), null);
  rate.add(0);
  assert.equal(rate.perSecond(), null);
  for (let t = 5000; t <= 6000; t += 50) {
    rate.add(t);
  }
  assert.equal(rate.perSecond(), 20);
});

test("the clock counts jumps back as one period", () => {
  const clock = new Clock();
  assert.equal(clock.tick(5), PERIOD);
  assert.equal(clock.tick(5.25), 0.25);
  assert.equal(clock.tick(1), PERIOD);
  assert.equal(clock.tick(1.5), 0.5);
});

test("a limit is over in the frame nearest to it", () => {
  assert.ok(!isOver(0, 0, 0.1));
  assert.ok(!isOver(0.1, 0.17, 0.1));
  assert.ok(isOver(0.2, 0.17, 0.1));
  assert.ok(isOver(0.16, 0.17, 0.04));
});

const PERSON = {
  trackId: 1,
  keypoints: Float32Array.from([1.23456, 2, 30, 40.5]),
  scores: Float32Array.from([0.9, 0.25]),
  box: [1, 2.346, 30, 40] as const,
  found: true,
  restarted: false,
};

test("joints are written as JSON lines", () => {
  const rows = [0, 1 / 30].map((time) => ({ time, people: [PERSON] }));
  const lines = toJsonLines(rows, ["nose", "hip"]);
  const [, second] = lines.trimEnd().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(second, {
    index: 1,
    frame: 1,
    time: 0.033333,
    people: [
      {
        track_id: 1,
        keypoints: { nose: [1.235, 2, 0.9], hip: [30, 40.5, 0.25] },
        box: [1, 2.35, 30, 40],
        score: 0.575,
        found: true,
      },
    ],
  });
});

test("joints are written as CSV", () => {
  const csv = toCsv([{ time: 0.5, people: [{ ...PERSON, found: false }] }], ["nose", 'a "b", c']);
  assert.deepEqual(csv.split("\n"), [
    "index,frame,time,track_id,found,score,x1,y1,x2,y2,nose_x,nose_y,nose_score," +
      '"a ""b"", c_x","a ""b"", c_y","a ""b"", c_score"',
    "0,0,0.5,1,0,0.575,1,2.35,30,40,1.235,2,0.9,30,40.5,0.25",
    "",
  ]);
});

test("each person of a frame has a row", () => {
  const people = [PERSON, { ...PERSON, trackId: 7 }];
  const [line] = toJsonLines([{ time: 0, people }], ["nose", "hip"]).split("\n");
  const ids = JSON.parse(line!).people.map(({ track_id }: { track_id: number }) => track_id);
  assert.deepEqual(ids, [1, 7]);
  const rows = toCsv([{ time: 0, people }], ["nose", "hip"]).trimEnd().split("\n");
  assert.deepEqual(rows.map((row) => row.split(",")[3]), ["track_id", "1", "7"]);
});

import assert from "node:assert/strict";
import test from "node:test";

import type { Pose } from "../src/core/poses.js";
import type { TrackerSettings } from "../src/core/settings.js";
import { PoseSmoother } from "../src/core/smoothing.js";
import { Tracker } from "../src/core/tracker.js";
import { assertClose, readCases, toFrames, type Case } from "./golden_cases.js";
import { ReferenceModel } from "./reference_model.js";

function makeTracker(c: Case): Tracker {
  const given = c["settings"];
  const settings: TrackerSettings = {
    minScore: given.min_score,
    minJoints: given.min_joints,
    boxLag: given.box_lag,
    refinements: given.refinements,
    restartScore: given.restart_score,
    partScore: given.part_score,
    restartAfter: given.restart_after,
    restartEvery: given.restart_every,
    refreshAfter: given.refresh_after,
    cuts: given.cuts,
    roam: given.roam,
  };
  assert.equal(given.decoder, "dark");
  const tracker = new Tracker(new ReferenceModel(c["model"], given), settings);
  tracker.reset(c["first_box"]);
  return tracker;
}

for (const c of readCases("clip")) {
  test(`clip: ${c.name}`, async () => {
    const tracker = makeTracker(c);
    const { min_cutoff, beta, min_score } = c["smoothing"];
    const smoother = new PoseSmoother(min_cutoff, beta, min_score);
    const poses: Pose[] = [];
    const smoothed: number[] = [];
    for (const [t, frame] of toFrames(c["frames"]).entries()) {
      const pose = await tracker.update(frame, c["times"][t]);
      poses.push(pose);
      smoothed.push(...smoother.smooth(pose, c["times"][t]).keypoints);
    }
    assert.deepEqual(poses.map((pose) => pose.found), c["found"]);
    assert.deepEqual(poses.map((pose) => pose.restarted), c["restarted"]);
    assertClose(poses.flatMap((pose) => [...pose.box]), c["box"], 0.02, "boxes");
    assertClose(poses.flatMap((pose) => [...pose.scores]), c["scores"], 1e-3, "scores");
    assertClose(poses.flatMap((pose) => [...pose.keypoints]), c["keypoints"], 0.02, "keypoints");
    assertClose(smoothed, c["smoothed"], 0.02, "smoothed keypoints");
  });
}

test("a tracker that is reset repeats its poses", async () => {
  const c = readCases("clip")[0]!;
  const tracker = makeTracker(c);
  const frames = toFrames(c["frames"]).slice(0, 4);
  const track = async (): Promise<number[]> => {
    const keypoints = [];
    for (const [t, frame] of frames.entries()) {
      keypoints.push(...(await tracker.update(frame, t / 30)).keypoints);
    }
    return keypoints;
  };
  const first = await track();
  tracker.reset();
  assert.deepEqual(await track(), first);
});

test("a restart begins in the current box", async () => {
  const c = readCases("clip")[0]!;
  const tracker = makeTracker(c);
  const [first, second, third] = toFrames(c["frames"]) as any;
  await tracker.update(first, 0);
  const pose = await tracker.update(second, 1 / 30);
  tracker.restart();
  const restarted = await tracker.update(third, 2 / 30);
  assert.ok(restarted.found && !restarted.restarted);
  restarted.box.forEach((side, i) => assert.ok(Math.abs(side - pose.box[i]!) < 5));
});

test("a time that is not finite is refused", async () => {
  const c = readCases("clip")[0]!;
  const [frame] = toFrames(c["frames"]);
  await assert.rejects(makeTracker(c).update(frame!, NaN), /time=NaN: not a time/);
});

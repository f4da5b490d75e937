import assert from "node:assert/strict";
import test from "node:test";

import { checkBox, checkWithin, searchBoxes } from "../src/core/boxes.js";
import { CutDetector, makeThumbnail } from "../src/core/cuts.js";
import { evidence } from "../src/core/presence.js";
import { PersonSearch } from "../src/core/search.js";
import { DEFAULTS } from "../src/core/settings.js";
import { PoseSmoother } from "../src/core/smoothing.js";
import { assertClose, readCases, toArray, toBox, toFrames, toSize } from "./golden_cases.js";
import { ReferenceModel } from "./reference_model.js";

for (const c of readCases("evidence")) {
  test(`evidence: ${c.name}`, () => {
    const found = evidence(c["scores"], c["whole_score"], c["part_score"], c["min_score"]);
    assertClose([found], [c["evidence"]], 1e-6, "evidence");
  });
}

for (const c of readCases("joints_box")) {
  test(`joints box: ${c.name}`, () => {
    const settings = { ...DEFAULTS, minScore: c["min_score"], minJoints: c["min_joints"] };
    const search = new PersonSearch(new ReferenceModel(readCases("clip")[0]!["model"]), settings);
    const keypoints = Float32Array.from(toArray(c["keypoints"]).data);
    const scores = Float32Array.from(toArray(c["scores"]).data);
    const box = search.jointsBox(keypoints, scores, toSize(c["frame_size"]));
    if (c["box"] === null) {
      assert.equal(box, null);
    } else {
      assertClose(box!, c["box"], 1e-4, "box");
    }
  });
}

for (const c of readCases("search_boxes")) {
  test(`search boxes: ${c.name}`, () => {
    const boxes = searchBoxes(toSize(c["frame_size"]), c["margin"], c["parts"], c["edge"]);
    assertClose(boxes.flat(), c["boxes"], 1e-3, "boxes");
  });
}

for (const c of readCases("cuts")) {
  test(`cuts: ${c.name}`, () => {
    const detector = new CutDetector();
    const frames = toFrames(c["frames"]);
    const cuts = frames.map((frame) => detector.isCut(frame, c["period"]));
    assert.deepEqual(cuts, c["is_cut"]);
    const thumbnails = frames.flatMap((frame) => Array.from(makeThumbnail(frame)));
    assertClose(thumbnails, c["thumbnails"], c["thumbnail_tolerance"], "thumbnails");
  });
}

for (const c of readCases("smoothing")) {
  test(`smoothing: ${c.name}`, () => {
    const smoother = new PoseSmoother(c["min_cutoff"], c["beta"], c["min_score"]);
    c["poses"].forEach((pose: any, t: number) => {
      const smooth = smoother.smooth(
        {
          keypoints: Float32Array.from(toArray(pose.keypoints).data),
          scores: Float32Array.from(toArray(pose.scores).data),
          box: toBox(pose.box),
          found: pose.found,
          restarted: pose.restarted,
        },
        c["times"][t],
      );
      assertClose(smooth.keypoints, c["keypoints"][t], 1e-4, `frame ${t}`);
    });
  });
}

test("boxes without an area, or outside the frame, are refused", () => {
  assert.throws(() => checkBox([1, 2, 1, 4]), /box=\[1, 2, 1, 4\]: not a box/);
  assert.throws(() => checkBox([1, 2, NaN, 4]), /not a box/);
  assert.throws(() => checkBox([1, 2, 3]), /not a box/);
  const outside = checkBox([50, 2, 60, 4]);
  assert.throws(() => checkWithin(outside, { height: 20, width: 40 }), /within 40x20 pixels/);
});

import assert from "node:assert/strict";
import test from "node:test";

import { decode } from "../src/core/dark.js";
import { MovedHeatmaps, changeCrop } from "../src/core/moved_heatmaps.js";
import { PresentPlaces } from "../src/core/present_places.js";
import { assertClose, readCases, toAffine, toMaps } from "./golden_cases.js";

for (const c of readCases("decoding")) {
  test(`decoding: ${c.name}`, () => {
    const { keypoints, scores } = decode(toMaps(c["heatmaps"]), c["stride"]);
    assertClose(keypoints, c["keypoints"], 1e-3, "keypoints");
    assertClose(scores, c["scores"], 0, "scores");
  });
}

for (const c of readCases("moved_heatmaps")) {
  test(`moved heatmaps: ${c.name}`, () => {
    const heatmaps = new MovedHeatmaps(toMaps(c["maps"]), toAffine(c["affine"]), c["stride"]);
    assert.ok(c["steps"].length > 0);
    c["steps"].forEach((step: any, t: number) => {
      const affine = toAffine(step.affine);
      const moved = heatmaps.moveTo(affine, step.period);
      assertClose(moved.data, c["moved"][t], 1e-4, `step ${t}`);
      heatmaps.replace(toMaps(step.maps), affine, step.period);
    });
  });
}

for (const c of readCases("start_heatmaps")) {
  test(`start heatmaps: ${c.name}`, () => {
    const maps = toMaps(c["maps"]);
    const [from, to] = [toAffine(c["start_affine"]), toAffine(c["affine"])];
    const moved = changeCrop(maps, from, c["start_stride"], to, c["stride"], maps);
    assertClose(moved.data, c["moved"], 1e-4, "moved");
  });
}

for (const c of readCases("present_places")) {
  test(`present places: ${c.name}`, () => {
    const places = new PresentPlaces();
    c["frames"].forEach((frame: any, t: number) => {
      const { keypoints, scores } = places.read(
        toMaps(frame.final),
        toMaps(frame.preliminary),
        toAffine(frame.affine),
        c["stride"],
        frame.period,
      );
      assertClose(keypoints, c["keypoints"][t], 2e-3, `keypoints ${t}`);
      assertClose(scores, c["scores"][t], 0, `scores ${t}`);
    });
  });
}

test("heatmaps of a larger crop move into the smaller one", () => {
  // Both crops are about (8, 8); a cell of the larger crop is two cells of the smaller one.
  const data = new Float32Array(64);
  data[3 * 8 + 5] = 1;
  const maps = { data, height: 8, width: 8, channels: 1 };
  const size = { height: 8, width: 8 };
  const large = { zoom: 1, shiftX: 7.5, shiftY: 7.5 };
  const small = { zoom: 2, shiftX: 7.5, shiftY: 7.5 };
  const moved = changeCrop(maps, large, 2, small, 2, size);
  // The peak is 1.5 cells to the right of the middle and 0.5 above it, and so 3 and 1 cells.
  const expected = new Float32Array(64);
  [0.25, 0.75, 0.75, 0.25].forEach((down, i) => {
    [0.25, 0.75, 0.75, 0.25].forEach((right, j) => {
      const [row, column] = [1 + i, 5 + j];
      if (column < 8) {
        expected[row * 8 + column] = down * right;
      }
    });
  });
  assertClose(moved.data, Array.from(expected), 1e-6, "moved");
});

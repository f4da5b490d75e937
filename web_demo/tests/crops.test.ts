import test from "node:test";

import { cropAffine, cropFrame, toFrame } from "../src/core/frame_crops.js";
import {
  assertClose,
  readCases,
  toArray,
  toBox,
  toFrame as frameOf,
  toSize,
} from "./golden_cases.js";

for (const c of readCases("crops")) {
  test(`crops: ${c.name}`, () => {
    const size = toSize(c["size"]);
    const affine = cropAffine(toBox(c["box"]), c["margin"], size);
    const { zoom, shiftX, shiftY } = affine;
    assertClose([zoom, 0, shiftX, 0, zoom, shiftY], c["affine"], 1e-4, "affine");
    const crop = cropFrame(frameOf(toArray(c["frame"])), affine, size);
    assertClose(crop.data, c["crop"], 2e-3, "crop");
  });
}

test("a fourth channel changes nothing", () => {
  const rgb = {
    data: Uint8Array.from([1, 2, 3, 4, 5, 6]),
    height: 1,
    width: 2,
    channels: 3,
  } as const;
  const data = Uint8Array.from([1, 2, 3, 255, 4, 5, 6, 255]);
  const affine = { zoom: 2, shiftX: 0.5, shiftY: 0.5 };
  const size = { height: 2, width: 4 };
  const expected = Array.from(cropFrame(rgb, affine, size).data);
  const crop = cropFrame({ ...rgb, data, channels: 4 }, affine, size);
  assertClose(crop.data, expected, 0, "crop");
});

test("points return to the frame", () => {
  const points = toFrame({ zoom: 2, shiftX: 3, shiftY: -5 }, [11, 7, 3, -5]);
  assertClose(points, [4, 6, 0, 0], 0, "points");
});

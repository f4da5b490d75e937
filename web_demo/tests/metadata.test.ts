import assert from "node:assert/strict";
import test from "node:test";

import type { Size } from "../src/core/images.js";
import { readMetadata } from "../src/core/metadata.js";
import { readCases, toArray } from "./golden_cases.js";

const toPair = ({ height, width }: Size): number[] => [height, width];

function readFile(name: string): Uint8Array {
  const found = readCases("metadata").find((c) => c.name === name);
  assert.ok(found, name);
  return Uint8Array.from(toArray(found["file"]).data);
}

for (const c of readCases("metadata")) {
  test(`metadata: ${c.name}`, async () => {
    const read = await readMetadata(Uint8Array.from(toArray(c["file"]).data));
    const fields = read && {
      size: toPair(read.stepCrop.size),
      margin: read.stepCrop.margin,
      steady_crops: read.steadyCrops,
      start_size: toPair(read.startCrop.size),
      start_margin: read.startCrop.margin,
      heatmap_size: toPair(read.heatmapSize),
      stride: read.stride,
      readout: read.readout,
      restart_score: read.restartScore,
      refresh_after: read.refreshAfter,
      joint_names: read.jointNames,
      limbs: read.limbs,
      flip_pairs: read.flipPairs,
    };
    assert.deepEqual(fields, c["fields"]);
  });
}

test("a file without an archive has no description", async () => {
  assert.equal(await readMetadata(new Uint8Array()), null);
  assert.equal(await readMetadata(new Uint8Array(100)), null);
});

test("an archive that another program appended as a whole is read", async () => {
  const file = readFile("people");
  const begin = Buffer.from(file).indexOf("PK\u0003\u0004");
  assert.ok(begin > 0);
  // Offsets of the archive count from the start of this file, which is now elsewhere.
  const moved = new Uint8Array(7 + file.length);
  moved.set(file, 7);
  assert.deepEqual(await readMetadata(moved), await readMetadata(file));
});

test("a damaged description is one clear sentence", async () => {
  const file = readFile("people");
  const begin = Buffer.from(file).indexOf("PK\u0003\u0004");
  const damaged = file.slice();
  damaged.fill(0xff, begin + 50, begin + 90);
  await assert.rejects(readMetadata(damaged), /^Error: The model's description is damaged \(.+\)/);
  const text = Buffer.from(readFile("stored, second in its archive, with a comment"));
  const place = text.indexOf('"box_margin": 1.25');
  assert.ok(place > 0);
  text.write('"box_margin": -9.0', place);
  const message = /box_margin is -9, not a number from 0.1 to 10\)\. Export the network again/;
  await assert.rejects(readMetadata(new Uint8Array(text)), message);
});

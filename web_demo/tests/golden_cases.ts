/** Reads the golden vectors of the Python package, from tests/golden of the repository. */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { inflateSync } from "node:zlib";

import type { Affine, Box, Frame, Maps, Size } from "../src/core/images.js";

/** Array of the golden files, in row-major order. */
export interface GoldenArray {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

export type Case = Readonly<Record<string, any>> & { readonly name: string };

/** Returns the cases of a rule. */
export function readCases(rule: string): readonly Case[] {
  const path = join(findRoot(), "tests", "golden", `${rule}.json`);
  const content = JSON.parse(readFileSync(path, "utf-8"));
  assert.equal(content.rule, rule);
  assert.ok(content.cases.length > 0, `${path} has no cases`);
  return content.cases;
}

/** Returns the repository, the nearest folder above that has the golden files. */
export function findRoot(): string {
  let folder = resolve(".");
  while (!existsSync(join(folder, "tests", "golden"))) {
    assert.notEqual(folder, dirname(folder), "tests/golden: not found in any folder above");
    folder = dirname(folder);
  }
  return folder;
}

/** Returns an array of either form, nested lists or base64. */
export function toArray(value: any): GoldenArray {
  if (Array.isArray(value)) {
    const shape = [];
    for (let inner: unknown = value; Array.isArray(inner); inner = inner[0]) {
      shape.push(inner.length);
    }
    return { shape, data: Float32Array.from(value.flat(Infinity) as number[]) };
  }
  const content = Buffer.from(value.base64, "base64");
  const bytes = new Uint8Array(value.encoding ? inflateSync(content) : content);
  const data = value.dtype === "uint8" ? bytes : new Float32Array(bytes.buffer);
  assert.equal(data.length, value.shape.reduce((a: number, b: number) => a * b, 1));
  return { shape: value.shape, data };
}

export function toMaps(value: any): Maps {
  const { shape, data } = toArray(value);
  return {
    data: Float32Array.from(data),
    height: shape[0]!,
    width: shape[1]!,
    channels: shape[2]!,
  };
}

export function toFrame(array: GoldenArray): Frame {
  const [height, width, channels] = array.shape;
  assert.equal(channels, 3);
  return { data: Uint8Array.from(array.data), height: height!, width: width!, channels: 3 };
}

/** Returns the frames of an array [T, H, W, 3]. */
export function toFrames(value: any): Frame[] {
  const { shape, data } = toArray(value);
  const length = data.length / shape[0]!;
  return Array.from({ length: shape[0]! }, (_, t) =>
    toFrame({ shape: shape.slice(1), data: data.subarray(t * length, (t + 1) * length) }),
  );
}

export function toSize([height, width]: readonly [number, number]): Size {
  return { height, width };
}

export function toAffine(value: any): Affine {
  const [zoom, skew, shiftX, turn, second, shiftY] = toArray(value).data;
  assert.deepEqual([skew, turn], [0, 0]);
  assert.equal(second, zoom);
  return { zoom: zoom!, shiftX: shiftX!, shiftY: shiftY! };
}

export function toBox(value: any): Box {
  return Array.from(toArray(value).data) as unknown as Box;
}

/** Asserts that numbers differ by at most `tolerance`. */
export function assertClose(
  received: ArrayLike<number>,
  expected: any,
  tolerance: number,
  what: string,
): void {
  const numbers = toArray(expected).data;
  assert.equal(received.length, numbers.length, `${what}: length`);
  let largest = 0;
  for (let i = 0; i < numbers.length; i++) {
    const difference = Math.abs(received[i]! - numbers[i]!);
    assert.ok(!Number.isNaN(difference), `${what}: ${received[i]} at ${i}`);
    largest = Math.max(largest, difference);
  }
  assert.ok(largest <= tolerance, `${what}: differs by ${largest}, more than ${tolerance}`);
}

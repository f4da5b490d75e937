/** Comparison of poses in the browser with those of the Python package. */

import assert from "node:assert/strict";

export const TOLERANCE = 0.5; // pixels of a frame

/** Returns frame `t` of a clip in base64. */
export function encode(rgb, { width, height }, t) {
  const length = width * height * 3;
  return rgb.subarray(t * length, (t + 1) * length).toString("base64");
}

/**
 * Tracks raw frames in a page as a clip, and asserts that Python's tracker found the person and
 * restarted in the same frames; returns the differences of joints.
 *
 * With the table sampler, the last bits of a runtime's sums decide which quarter of a cell is read,
 * and all later frames depend on that, in every runtime. With the exact sampler, joints stay equal.
 */
export async function compareClip(page, rgb, reference) {
  const { width, height, fps, poses } = reference;
  const differences = [];
  await page.evaluate(() => window.ppnTest.reset());
  for (const [t, expected] of poses.entries()) {
    const pose = await page.evaluate(
      ([frame, width, height, time]) => window.ppnTest.track(frame, width, height, time),
      [encode(rgb, reference, t), width, height, t / fps],
    );
    const states = [pose, expected].map(({ found, restarted }) => ({ found, restarted }));
    assert.deepEqual(states[0], states[1], `frame ${t}`);
    if (expected.found) {
      differences.push(...differencesOf(pose, expected));
    }
  }
  return differences;
}

/**
 * Starts in the box that Python's tracker had, in each frame by itself; returns the differences of
 * joints from those of Python. Both signatures, crops and decoding take part.
 */
export async function compareFrames(page, rgb, reference) {
  const { width, height, alone } = reference;
  const differences = [];
  for (const [t, expected] of alone.entries()) {
    if (expected === null) {
      continue;
    }
    const pose = await page.evaluate(
      async ([frame, width, height, box]) => {
        await window.ppnTest.reset(box);
        return window.ppnTest.track(frame, width, height, 0);
      },
      [encode(rgb, reference, t), width, height, expected.box],
    );
    differences.push(...differencesOf(pose, expected));
  }
  assert.ok(differences.length > 0);
  return differences;
}

/** Returns the distance of each joint from Python's, along the axis in which it is larger. */
export function differencesOf({ keypoints }, expected) {
  assert.equal(keypoints.length, 2 * expected.keypoints.length);
  return expected.keypoints.map(([x, y], k) =>
    Math.max(Math.abs(keypoints[2 * k] - x), Math.abs(keypoints[2 * k + 1] - y)),
  );
}

/** Returns numbers about differences as text. */
export function describe(differences) {
  const equal = differences.filter((difference) => difference <= TOLERANCE).length;
  return (
    `${((100 * equal) / differences.length).toFixed(1)} % of the joints within ${TOLERANCE} px, ` +
    `median ${median(differences).toFixed(4)}, largest ${Math.max(...differences).toFixed(4)}`
  );
}

/**
 * Returns the median distance of joints from Python's in the most similar frame, for each pose.
 *
 * A camera that plays the clip may begin anywhere and leave frames out.
 */
export function distancesFromNearest(rows, expected, minScore = 0.3) {
  const found = rows.flatMap(({ people }) => people.filter((person) => person.found));
  return found.map((person) => {
    const joints = Object.values(person.keypoints);
    const distances = expected
      .filter(({ found }) => found)
      .map(({ keypoints, scores }) => {
        const visible = joints.flatMap(([x, y, score], k) =>
          score >= minScore && scores[k] >= minScore
            ? [Math.hypot(x - keypoints[k][0], y - keypoints[k][1])]
            : [],
        );
        return visible.length >= 5 ? median(visible) : Infinity;
      });
    return Math.min(...distances);
  });
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Comparison of poses in the browser with those of the Python package. */

import assert from "node:assert/strict";

const TOLERANCE = 0.5; // pixels of a frame

/** Tracks raw frames in a page, frame by frame; returns the poses. */
export async function trackRaw(page, rgb, { width, height, fps, poses }) {
  const length = width * height * 3;
  await page.evaluate(() => window.ppnTest.reset());
  const tracked = [];
  for (let t = 0; t < poses.length; t++) {
    const frame = rgb.subarray(t * length, (t + 1) * length).toString("base64");
    tracked.push(
      await page.evaluate(
        ([frame, width, height, time]) => window.ppnTest.track(frame, width, height, time),
        [frame, width, height, t / fps],
      ),
    );
  }
  return tracked;
}

/** Asserts that poses are those of Python on every frame; returns the largest difference. */
export function comparePoses(tracked, expected) {
  assert.equal(tracked.length, expected.length);
  assert.deepEqual(tracked.map((pose) => pose.found), expected.map((pose) => pose.found));
  assert.deepEqual(tracked.map((pose) => pose.restarted), expected.map((pose) => pose.restarted));
  let largest = 0;
  tracked.forEach(({ keypoints, box }, t) => {
    const points = expected[t].keypoints.flat();
    assert.equal(keypoints.length, points.length);
    const pairs = [...keypoints.map((x, i) => x - points[i]), ...box.map((x, i) => x - expected[t].box[i])];
    const difference = Math.max(...pairs.map(Math.abs));
    assert.ok(difference <= TOLERANCE, `frame ${t}: differs by ${difference.toFixed(3)} pixels`);
    largest = Math.max(largest, difference);
  });
  return largest;
}

/**
 * Returns the median distance of joints from Python's in the most similar frame, for each pose.
 *
 * A camera that plays the clip may begin anywhere and leave frames out.
 */
export function distancesFromNearest(rows, expected, minScore = 0.3) {
  return rows.map(({ people: [person] }) => {
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

/** Comparison of poses in the browser with those of the Python package. */

import assert from "node:assert/strict";

const TOLERANCE = 0.5; // pixels of a frame
const LARGEST = 4; // pixels; a cell of the network is about ten pixels of this clip
const MIN_SHARE = 0.95;
const MIN_SCORE = 0.3; // of a visible joint

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

/**
 * Asserts that poses are those of Python; returns the differences as text.
 *
 * With the exact sampler, all joints and boxes must be equal to TOLERANCE on every frame. The table
 * sampler rounds positions to quarters of a cell, so that the last bits of a runtime's sums decide
 * which quarter is read, and the heatmaps of the next frames depend on that. There, MIN_SHARE of
 * the joints must be equal to TOLERANCE, and all that are visible to LARGEST.
 */
export function comparePoses(tracked, expected, isExact) {
  assert.equal(tracked.length, expected.length);
  assert.deepEqual(tracked.map((pose) => pose.found), expected.map((pose) => pose.found));
  assert.deepEqual(tracked.map((pose) => pose.restarted), expected.map((pose) => pose.restarted));
  const differences = [];
  tracked.forEach(({ keypoints, box }, t) => {
    const pose = expected[t];
    assert.equal(keypoints.length, 2 * pose.keypoints.length);
    pose.keypoints.forEach(([x, y], k) => {
      const [dx, dy] = [keypoints[2 * k] - x, keypoints[2 * k + 1] - y];
      const difference = Math.max(Math.abs(dx), Math.abs(dy));
      const isVisible = pose.found && pose.scores[k] >= MIN_SCORE;
      const limit = isExact ? TOLERANCE : isVisible ? LARGEST : Infinity;
      assert.ok(difference <= limit, `frame ${t}, joint ${k}: differs by ${difference} pixels`);
      differences.push(difference);
    });
    box.forEach((side, i) => {
      const difference = Math.abs(side - pose.box[i]);
      const limit = isExact ? TOLERANCE : LARGEST;
      assert.ok(difference <= limit, `frame ${t}: box differs by ${difference} pixels`);
    });
  });
  const equal = differences.filter((difference) => difference <= TOLERANCE).length;
  const share = equal / differences.length;
  assert.ok(share >= MIN_SHARE, `only ${share} of the joints are within ${TOLERANCE} pixels`);
  const [middle, largest] = [median(differences), Math.max(...differences)];
  return (
    `${(100 * share).toFixed(2)} % of the joints within ${TOLERANCE} px of Python's, ` +
    `median ${middle.toFixed(4)}, largest ${largest.toFixed(4)}`
  );
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

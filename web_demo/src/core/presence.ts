/** Evidence for a person in the scores of joints. */

const VISIBLE = 0.3; // least score from which a joint counts as visible
const MIN_VISIBLE = 5; // joints that show a part of a person, such as a head with a shoulder

/**
 * Returns by how much scores exceed those of a person, whole or in part; below 0 is nobody.
 *
 * @param wholeScore lowest mean score of a whole person
 * @param partScore lowest mean score of the visible joints of a person, of whom at least five are
 * @param minScore lowest score of a visible joint, unless it is below 0.3
 */
export function evidence(
  scores: ArrayLike<number>,
  wholeScore: number,
  partScore: number,
  minScore = 0,
): number {
  const whole = mean(scores) - wholeScore;
  const visible = Array.from(scores).filter((score) => score >= Math.max(VISIBLE, minScore));
  return visible.length < MIN_VISIBLE ? whole : Math.max(whole, mean(visible) - partScore);
}

/** Returns the mean of some numbers. */
export function mean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}

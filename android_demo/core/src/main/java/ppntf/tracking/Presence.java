package ppntf.tracking;

/** Evidence for a person in the scores of joints. */
public final class Presence {
  /** Least score from which a joint counts as visible. */
  private static final double VISIBLE = 0.3;
  /** Joints that show a part of a person, such as a head with a shoulder. */
  private static final int MIN_VISIBLE = 5;

  private Presence() {}

  /** Returns the mean of some scores. */
  static double mean(float[] scores) {
    double sum = 0;
    for (float score : scores) {
      sum += score;
    }
    return sum / scores.length;
  }

  /**
   * Returns by how much scores exceed those of a person, whole or in part; below 0 is nobody.
   *
   * @param wholeScore lowest mean score of a whole person
   * @param partScore lowest mean score of the visible joints of a person, of whom at least five are
   * @param minScore lowest score of a visible joint, unless it is below 0.3
   */
  public static double evidence(
      float[] scores, double wholeScore, double partScore, double minScore) {
    float threshold = (float) Math.max(VISIBLE, minScore);
    double visibleSum = 0;
    int visible = 0;
    for (float score : scores) {
      if (score >= threshold) {
        visibleSum += score;
        visible++;
      }
    }
    double whole = mean(scores) - wholeScore;
    return visible < MIN_VISIBLE ? whole : Math.max(whole, visibleSum / visible - partScore);
  }
}

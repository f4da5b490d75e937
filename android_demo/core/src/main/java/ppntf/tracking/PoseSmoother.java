package ppntf.tracking;

import ppntf.keypoints.Pose;

/**
 * Smooths the joints of one person.
 *
 * <p>Speeds are measured in bodies per second, where a body is the longer side of the box. Joints
 * below a score are not smoothed, and the filter is reset when the person is lost.
 */
public final class PoseSmoother {
  public static final double MIN_CUTOFF = 1.0; // Hz
  public static final double BETA = 50.0; // Hz per body per second

  private final OneEuroFilter filter;
  private final double minScore;

  /** Creates a smoother with the default cutoff and speed coefficient. */
  public PoseSmoother() {
    this(MIN_CUTOFF, BETA, 0.2);
  }

  /**
   * Creates a smoother.
   *
   * @param minScore lowest score of a joint that is smoothed
   */
  public PoseSmoother(double minCutoff, double beta, double minScore) {
    this.filter = new OneEuroFilter(minCutoff, beta);
    this.minScore = minScore;
  }

  /** Returns the next pose, at `time` seconds, with smoothed keypoints. */
  public Pose smooth(Pose pose, double time) {
    if (!pose.found || pose.restarted) {
      filter.reset();
    }
    if (!pose.found) {
      return pose;
    }
    int joints = pose.scores.length;
    double[] values = new double[2 * joints];
    boolean[] valid = new boolean[2 * joints];
    for (int index = 0; index < values.length; index++) {
      values[index] = pose.keypoints[index / 2][index % 2];
      valid[index] = pose.scores[index / 2] >= (float) minScore;
    }
    double width = pose.box[2] - pose.box[0];
    double height = pose.box[3] - pose.box[1];
    double unit = Math.max(Math.max(width, height), 1);
    double[] smoothed = filter.filter(values, time, unit, valid);
    float[][] keypoints = new float[joints][2];
    for (int index = 0; index < values.length; index++) {
      keypoints[index / 2][index % 2] = (float) smoothed[index];
    }
    return pose.withKeypoints(keypoints);
  }
}

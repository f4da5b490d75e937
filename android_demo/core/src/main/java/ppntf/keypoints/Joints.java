package ppntf.keypoints;

/** Positions of the joints of a person, and their scores. */
public final class Joints {
  /** [K][2], (x, y) in pixels. */
  public final float[][] keypoints;
  /** [K]. */
  public final float[] scores;

  public Joints(float[][] keypoints, float[] scores) {
    this.keypoints = keypoints;
    this.scores = scores;
  }
}

package ppntf.keypoints;

/** Pose of a person in one frame. */
public final class Pose {
  /** [K][2], (x, y) in frame pixels. */
  public final float[][] keypoints;
  /** [K], 0..1. */
  public final float[] scores;
  /** x1, y1, x2, y2 in frame pixels, whose crop was the input of the network. */
  public final float[] box;
  /** Whether the person is in the frame; otherwise the joints are guesses with low scores. */
  public final boolean found;
  /** Whether a search restarted the recurrence in this frame. */
  public final boolean restarted;

  public Pose(
      float[][] keypoints, float[] scores, float[] box, boolean found, boolean restarted) {
    this.keypoints = keypoints;
    this.scores = scores;
    this.box = box;
    this.found = found;
    this.restarted = restarted;
  }

  /** Returns the mean score of the joints, 0..1. */
  public float confidence() {
    double sum = 0;
    for (float score : scores) {
      sum += score;
    }
    return (float) (sum / scores.length);
  }

  /** Returns the pose as the first one after a search. */
  public Pose asRestarted() {
    return new Pose(keypoints, scores, box, found, true);
  }

  /** Returns the pose with other keypoints [K][2]. */
  public Pose withKeypoints(float[][] changed) {
    return new Pose(changed, scores, box, found, restarted);
  }
}

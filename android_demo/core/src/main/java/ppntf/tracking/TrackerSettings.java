package ppntf.tracking;

import ppntf.inference.ModelDescription;

/** Settings of a Tracker. Crops and steady crops are those of the model. */
public final class TrackerSettings {
  /** Lowest score of a joint that shapes the next crop. */
  public double minScore = 0.2;
  /** With fewer joints above minScore the crop stays where it is. */
  public int minJoints = 4;
  /** Seconds by which the box lags behind the pose. */
  public double boxLag = 1 / 30.0;
  /** Looks at a frame without a box before the recurrence starts. */
  public int refinements = 2;
  /** Mean score below which a frame has lost the person; NaN for 0.75 * minScore. */
  public double restartScore = Double.NaN;
  /** Mean score of the visible joints, five or more, from which a part of a person is found. */
  public double partScore = 0.6;
  /** Seconds without the person after which the tracker searches. */
  public double restartAfter = 0.17;
  /** Frames after which HeadNet restarts the recurrence in the current box; 0: never. */
  public int restartEvery = 0;
  /** Seconds since HeadNet's last look at which it refreshes the previous heatmaps; 0: never. */
  public double refreshAfter = 0;
  /** Whether the tracker searches as soon as a new shot begins. */
  public boolean cuts = true;
  /** Whether it searches the whole frame, and not only the last place of the person. */
  public boolean roam = true;

  /** Returns the default settings with the threshold of a model, and the time of its refreshes. */
  public static TrackerSettings forModel(ModelDescription description) {
    TrackerSettings settings = new TrackerSettings();
    settings.restartScore = description.restartScore;
    settings.refreshAfter = description.refreshAfter;
    return settings;
  }

  /** Returns the lowest mean score of a frame in which the person counts as found. */
  public double lowestConfidence() {
    return Double.isNaN(restartScore) ? 0.75 * minScore : restartScore;
  }
}

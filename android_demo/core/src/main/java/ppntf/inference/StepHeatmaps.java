package ppntf.inference;

import ppntf.keypoints.FloatImage;

/** Heatmaps [h, w, K] that a step of a network returns. */
public final class StepHeatmaps {
  /** Sum of preliminary and propagated heatmaps. */
  public final FloatImage finalMaps;
  /** BodyNet's heatmaps of the current frame alone; null if joints are not read from them. */
  public final FloatImage preliminary;

  public StepHeatmaps(FloatImage finalMaps, FloatImage preliminary) {
    this.finalMaps = finalMaps;
    this.preliminary = preliminary;
  }
}

package ppntf.inference;

import ppntf.keypoints.FloatImage;

/** Pose network for single frames. */
public interface PoseModel {
  /** Returns sizes, crops and joints of the network. */
  ModelDescription description();

  /** Returns the initial heatmaps [h, w, K] of a crop [H, W, 3], 0..255, of the start's size. */
  FloatImage start(FloatImage crop);

  /** Returns the heatmaps of a crop of the step's size, given the previous ones [h, w, K]. */
  StepHeatmaps step(FloatImage crop, FloatImage previous);
}

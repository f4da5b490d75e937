package ppntf.inference;

import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.FrameCrops;

/**
 * Heatmaps of the previous frame that move with a crop at its mean speed, without its jitter.
 *
 * <p>With c_t the center of the crop in frame pixels and T the seconds since frame t - 1, v_t =
 * v_(t-1) + T / (T + 0.05) ((c_t - c_(t-1)) / T - v_(t-1)), and v_1 = (c_1 - c_0) / T. A value at
 * p moves to p + v_t T, scaled as the crop is.
 */
public final class MovedHeatmaps {
  private static final double LAG = 0.05; // seconds by which the mean speed lags behind the speed

  private FloatImage maps;
  private Affine affine;
  private final int stride;
  private double[] speed;

  /** Starts a clip with the heatmaps [h, w, K] of its first crop. */
  public MovedHeatmaps(FloatImage maps, Affine affine, int stride) {
    this.maps = maps;
    this.affine = affine;
    this.stride = stride;
  }

  /** Returns the heatmaps [h, w, K] of the last crop. */
  public FloatImage maps() {
    return maps;
  }

  /** Returns the heatmaps in the cells of the next crop; 0 outside the last crop. */
  public FloatImage moveTo(Affine next, double period) {
    double[] mean = meanSpeed(next, period);
    Affine moved =
        next.toCells(stride).after(affine.toCells(stride), mean[0] * period, mean[1] * period);
    return FrameCrops.cropFrame(maps, moved, maps.height, maps.width);
  }

  /**
   * Returns heatmaps in the cells of another crop of the same frame; 0 outside theirs.
   *
   * @param affine from frame pixels to pixels of their crop
   * @param stride pixels of their crop per cell
   * @param newAffine from frame pixels to pixels of the other crop
   * @param newStride pixels of the other crop per cell
   */
  public static FloatImage changeCrop(
      FloatImage maps, Affine affine, int stride, Affine newAffine, int newStride) {
    Affine moved = newAffine.toCells(newStride).after(affine.toCells(stride), 0, 0);
    return FrameCrops.cropFrame(maps, moved, maps.height, maps.width);
  }

  /** Replaces the heatmaps by those of the next crop. */
  public void replace(FloatImage nextMaps, Affine next, double period) {
    speed = meanSpeed(next, period);
    maps = nextMaps;
    affine = next;
  }

  private double[] meanSpeed(Affine next, double period) {
    float[] from = center(affine);
    float[] to = center(next);
    double[] mean = new double[2];
    for (int axis = 0; axis < 2; axis++) {
      mean[axis] = (to[axis] - from[axis]) / period;
      if (speed != null) {
        double share = FrameTimes.newestShare(period, LAG);
        mean[axis] = speed[axis] + share * (mean[axis] - speed[axis]);
      }
    }
    return mean;
  }

  private float[] center(Affine crop) {
    float[][] middle = {{(maps.width * stride - 1) / 2f, (maps.height * stride - 1) / 2f}};
    return FrameCrops.toFrame(crop, middle)[0];
  }
}

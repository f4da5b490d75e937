package ppntf.inference;

import ppntf.keypoints.Affine;
import ppntf.keypoints.Dark;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.FrameCrops;
import ppntf.keypoints.Joints;

/**
 * Joint positions from the current frame, near the peaks of the final heatmaps.
 *
 * <p>Final heatmaps tell reliably which of several peaks is the joint, but they lag. Positions are
 * therefore those of the preliminary peaks near the final ones, averaged where joints rest.
 */
public final class PresentPlaces {
  /** Cells along each axis up to which preliminary heatmaps have weight 1; 0 at twice that. */
  private static final double REACH = 2.0;
  /** Height of a preliminary peak from which its position replaces that of the final peak. */
  private static final float CONFIDENT = 0.2f;
  private static final double LAG = 0.05; // seconds
  private static final double MOVED = 1.5; // cells from which the mean is the current place

  private float[][] places;

  /**
   * Reads the joints in the next frame.
   *
   * @param heatmaps final and preliminary heatmaps [h, w, K]
   * @param affine from frame to crop pixels
   * @param stride crop pixels per cell
   * @param period seconds since the preceding frame
   * @return positions in frame pixels, and the highest values of the final heatmaps
   */
  public Joints read(StepHeatmaps heatmaps, Affine affine, int stride, double period) {
    Joints peaks = Dark.decode(heatmaps.finalMaps, stride);
    Joints near = Dark.decode(window(heatmaps.preliminary, peaks.keypoints, stride), stride);
    int joints = peaks.scores.length;
    float[][] mixed = new float[joints][2];
    for (int k = 0; k < joints; k++) {
      float confidence = Math.min(Math.max(near.scores[k] / CONFIDENT, 0), 1);
      for (int axis = 0; axis < 2; axis++) {
        float peak = peaks.keypoints[k][axis];
        mixed[k][axis] = peak + confidence * (near.keypoints[k][axis] - peak);
      }
    }
    float[][] current = FrameCrops.toFrame(affine, mixed);
    float[][] previous = places == null ? current : places;
    double cell = stride / Math.abs(affine.zoom);
    double resting = FrameTimes.newestShare(period, LAG);
    float[][] next = new float[joints][2];
    for (int k = 0; k < joints; k++) {
      double dx = current[k][0] - previous[k][0];
      double dy = current[k][1] - previous[k][1];
      double distance = Math.sqrt(dx * dx + dy * dy) / cell;
      double share = resting + (1 - resting) * Math.min(1, distance / MOVED);
      next[k][0] = (float) (previous[k][0] + share * dx);
      next[k][1] = (float) (previous[k][1] + share * dy);
    }
    places = next;
    return new Joints(copy(next), peaks.scores);
  }

  /** Returns heatmaps [h, w, K] with weights about places [K][2] in crop pixels. */
  private static FloatImage window(FloatImage maps, float[][] centers, int stride) {
    float[][] rows = weights(centers, 1, maps.height, stride);
    float[][] columns = weights(centers, 0, maps.width, stride);
    FloatImage result = new FloatImage(maps.height, maps.width, maps.channels);
    int at = 0;
    for (int y = 0; y < maps.height; y++) {
      for (int x = 0; x < maps.width; x++) {
        for (int k = 0; k < maps.channels; k++, at++) {
          result.values[at] = maps.values[at] * (rows[y][k] * columns[x][k]);
        }
      }
    }
    return result;
  }

  private static float[][] weights(float[][] centers, int axis, int length, int stride) {
    float[][] result = new float[length][centers.length];
    for (int index = 0; index < length; index++) {
      for (int k = 0; k < centers.length; k++) {
        double center = (centers[k][axis] - (stride - 1) / 2.0) / stride;
        double weight = 2.0 - Math.abs(index - center) / REACH;
        result[index][k] = (float) Math.min(Math.max(weight, 0), 1);
      }
    }
    return result;
  }

  private static float[][] copy(float[][] points) {
    float[][] result = new float[points.length][];
    for (int k = 0; k < points.length; k++) {
      result[k] = points[k].clone();
    }
    return result;
  }
}

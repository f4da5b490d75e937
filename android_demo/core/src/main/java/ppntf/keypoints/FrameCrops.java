package ppntf.keypoints;

/** Upright crops of single frames. */
public final class FrameCrops {
  /** Sides of a box over the extent of the joints in it. */
  public static final double BOX_SCALE = 1.2;

  private FrameCrops() {}

  /**
   * Returns the map from frame pixels to pixels of the square crop about a box.
   *
   * @param box x1, y1, x2, y2 in frame pixels
   * @param margin side of the square, at least one pixel, over the longer side of the box
   * @param height height of the crop
   * @param width width of the crop; the shorter side shows the square
   */
  public static Affine cropAffine(float[] box, double margin, int height, int width) {
    double side = Math.max(box[2] - box[0], box[3] - box[1]);
    double zoom = Math.min(height, width) / Math.max(margin * side, 1.0);
    // The reference keeps affines in float32.
    float factor = (float) zoom;
    float shiftX = (float) ((width - 1) / 2.0 - factor * (box[0] + box[2]) / 2);
    float shiftY = (float) ((height - 1) / 2.0 - factor * (box[1] + box[3]) / 2);
    return new Affine(factor, shiftX, shiftY);
  }

  /** Resamples a frame into an upright crop [height, width, 3], bilinear, black outside. */
  public static FloatImage cropFrame(Frame frame, Affine affine, int height, int width) {
    Taps rows = new Taps(height, affine.zoom, affine.shiftY, frame.height);
    Taps columns = new Taps(width, affine.zoom, affine.shiftX, frame.width);
    FloatImage crop = new FloatImage(height, width, 3);
    int at = 0;
    for (int y = 0; y < height; y++) {
      int top = rows.near[y] * frame.width;
      int bottom = rows.far[y] * frame.width;
      float upper = rows.nearWeights[y];
      float lower = rows.farWeights[y];
      for (int x = 0; x < width; x++) {
        int left = columns.near[x];
        int right = columns.far[x];
        for (int channel = 0; channel < 3; channel++) {
          float first = (frame.rgb[3 * (top + left) + channel] & 255) * upper
              + (frame.rgb[3 * (bottom + left) + channel] & 255) * lower;
          float second = (frame.rgb[3 * (top + right) + channel] & 255) * upper
              + (frame.rgb[3 * (bottom + right) + channel] & 255) * lower;
          crop.values[at++] = first * columns.nearWeights[x] + second * columns.farWeights[x];
        }
      }
    }
    return crop;
  }

  /** Resamples heatmaps like a frame; 0 outside. */
  public static FloatImage cropFrame(FloatImage image, Affine affine, int height, int width) {
    Taps rows = new Taps(height, affine.zoom, affine.shiftY, image.height);
    Taps columns = new Taps(width, affine.zoom, affine.shiftX, image.width);
    int channels = image.channels;
    float[] values = image.values;
    FloatImage crop = new FloatImage(height, width, channels);
    int at = 0;
    for (int y = 0; y < height; y++) {
      int top = rows.near[y] * image.width;
      int bottom = rows.far[y] * image.width;
      float upper = rows.nearWeights[y];
      float lower = rows.farWeights[y];
      for (int x = 0; x < width; x++) {
        int topLeft = channels * (top + columns.near[x]);
        int bottomLeft = channels * (bottom + columns.near[x]);
        int topRight = channels * (top + columns.far[x]);
        int bottomRight = channels * (bottom + columns.far[x]);
        for (int k = 0; k < channels; k++) {
          float first = values[topLeft + k] * upper + values[bottomLeft + k] * lower;
          float second = values[topRight + k] * upper + values[bottomRight + k] * lower;
          crop.values[at++] = first * columns.nearWeights[x] + second * columns.farWeights[x];
        }
      }
    }
    return crop;
  }

  /** Converts points [K][2] (x, y) from crop pixels to frame pixels. */
  public static float[][] toFrame(Affine affine, float[][] points) {
    float[][] result = new float[points.length][2];
    for (int k = 0; k < points.length; k++) {
      result[k][0] = (float) ((points[k][0] - affine.shiftX) / affine.zoom);
      result[k][1] = (float) ((points[k][1] - affine.shiftY) / affine.zoom);
    }
    return result;
  }

  /** Converts points [K][2] (x, y) from frame pixels to crop pixels. */
  public static float[][] toCrop(Affine affine, float[][] points) {
    float[][] result = new float[points.length][2];
    for (int k = 0; k < points.length; k++) {
      result[k][0] = (float) (affine.zoom * points[k][0] + affine.shiftX);
      result[k][1] = (float) (affine.zoom * points[k][1] + affine.shiftY);
    }
    return result;
  }

  /**
   * Returns the box about some joints: BOX_SCALE times their extent, clipped to the frame.
   *
   * @param keypoints [K][2], (x, y) in frame pixels
   * @param visible [K], at least one of them true
   */
  public static float[] jointsBox(
      float[][] keypoints, boolean[] visible, int frameHeight, int frameWidth) {
    float[] low = {Float.POSITIVE_INFINITY, Float.POSITIVE_INFINITY};
    float[] high = {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY};
    for (int k = 0; k < keypoints.length; k++) {
      for (int axis = 0; visible[k] && axis < 2; axis++) {
        low[axis] = Math.min(low[axis], keypoints[k][axis]);
        high[axis] = Math.max(high[axis], keypoints[k][axis]);
      }
    }
    float[] box = new float[4];
    for (int axis = 0; axis < 2; axis++) {
      float last = (axis == 0 ? frameWidth : frameHeight) - 1;
      float center = (low[axis] + high[axis]) / 2;
      float half = (float) BOX_SCALE * (high[axis] - low[axis]) / 2;
      box[axis] = Math.min(Math.max(center - half, 0), last);
      box[axis + 2] = Math.min(Math.max(center + half, 0), last);
    }
    return box;
  }

  /** Two neighbors, within 0..length - 1, of each sample along an axis, and their weights. */
  private static final class Taps {
    final int[] near;
    final int[] far;
    final float[] nearWeights;
    final float[] farWeights;

    Taps(int count, double zoom, double shift, int length) {
      near = new int[count];
      far = new int[count];
      nearWeights = new float[count];
      farWeights = new float[count];
      for (int index = 0; index < count; index++) {
        double place = (index - shift) / zoom;
        double lower = Math.floor(place);
        double part = place - lower;
        nearWeights[index] = lower >= 0 && lower < length ? (float) (1 - part) : 0;
        farWeights[index] = lower + 1 >= 0 && lower + 1 < length ? (float) part : 0;
        near[index] = (int) Math.min(Math.max(lower, 0), length - 1);
        far[index] = (int) Math.min(Math.max(lower + 1, 0), length - 1);
      }
    }
  }
}

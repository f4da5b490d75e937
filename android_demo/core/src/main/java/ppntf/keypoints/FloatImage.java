package ppntf.keypoints;

/** Values [height, width, channels] in float32, row by row: a crop, or the heatmaps of joints. */
public final class FloatImage {
  public final int height;
  public final int width;
  public final int channels;
  public final float[] values;

  public FloatImage(int height, int width, int channels, float[] values) {
    if (values.length != height * width * channels) {
      throw new IllegalArgumentException(
          "an image [" + height + ", " + width + ", " + channels + "] has "
              + (long) height * width * channels + " values. Received: " + values.length + ".");
    }
    this.height = height;
    this.width = width;
    this.channels = channels;
    this.values = values;
  }

  /** Creates an image of zeros. */
  public FloatImage(int height, int width, int channels) {
    this(height, width, channels, new float[height * width * channels]);
  }
}

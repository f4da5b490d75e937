package ppntf.tracking;

import ppntf.keypoints.Frame;

/** Averages of a frame over a grid of 32 x 32 areas. */
public final class Thumbnail {
  public static final int SIDE = 32;

  private Thumbnail() {}

  /** Returns [32, 32, 3] levels 0..255, from every few pixels of a large frame. */
  public static int[] make(Frame frame) {
    int every = Math.max(1, Math.min(frame.height, frame.width) / (4 * SIDE));
    int height = (frame.height + every - 1) / every;
    int width = (frame.width + every - 1) / every;
    boolean shrinks = height >= SIDE && width >= SIDE;
    float[][] rowWeights = shrinks ? areas(height) : neighbors(height);
    float[][] columnWeights = shrinks ? areas(width) : neighbors(width);
    float[] wide = new float[SIDE * width * 3];
    for (int y = 0; y < SIDE; y++) {
      for (int from = 0; from < height; from++) {
        float weight = rowWeights[y][from];
        int row = from * every * frame.width;
        for (int x = 0; weight > 0 && x < width; x++) {
          for (int channel = 0; channel < 3; channel++) {
            int level = frame.rgb[3 * (row + x * every) + channel] & 255;
            wide[3 * (y * width + x) + channel] += weight * level;
          }
        }
      }
    }
    int[] thumbnail = new int[SIDE * SIDE * 3];
    for (int y = 0; y < SIDE; y++) {
      for (int x = 0; x < SIDE; x++) {
        for (int channel = 0; channel < 3; channel++) {
          float sum = 0;
          for (int from = 0; from < width; from++) {
            sum += columnWeights[x][from] * wide[3 * (y * width + from) + channel];
          }
          thumbnail[3 * (y * SIDE + x) + channel] = (int) Math.rint(sum);
        }
      }
    }
    return thumbnail;
  }

  /** Returns weights [32][length]: the shares of pixels in each of 32 equal areas. */
  private static float[][] areas(int length) {
    float[][] weights = new float[SIDE][length];
    double area = length / (double) SIDE;
    for (int index = 0; index < SIDE; index++) {
      for (int from = 0; from < length; from++) {
        double low = Math.max(index * area, from);
        double high = Math.min((index + 1) * area, from + 1);
        weights[index][from] = (float) (Math.max(high - low, 0) / area);
      }
    }
    return weights;
  }

  /**
   * Returns weights [32][length] of the two neighbors of each sample in a small frame.
   *
   * <p>The second neighbor has the part of the area that lies in it, as OpenCV enlarges by areas.
   */
  private static float[][] neighbors(int length) {
    float[][] weights = new float[SIDE][length];
    double area = length / (double) SIDE;
    for (int index = 0; index < SIDE; index++) {
      int near = Math.min((int) Math.floor(index * area), length - 1);
      double part = index + 1 - (near + 1) / area;
      part = part <= 0 ? 0 : part - Math.floor(part);
      int far = Math.min(near + 1, length - 1);
      weights[index][near] += (float) (1 - part);
      weights[index][far] += (float) part;
    }
    return weights;
  }
}

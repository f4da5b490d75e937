package ppntf.keypoints;

/** DARK decoding of the heatmaps of single frames: blurs only the cells about each peak. */
public final class Dark {
  private static final double BLUR_SIGMA = 1.0; // cells
  private static final int RADIUS = (int) (3 * BLUR_SIGMA + 0.5);
  private static final int PATCH = 2 * RADIUS + 3;
  private static final float[] TAPS = taps();

  private Dark() {}

  /**
   * Reads joint positions from the heatmaps of a frame.
   *
   * @param heatmaps [h, w, K]
   * @param stride crop pixels per cell
   * @return positions in crop pixels, and the highest values of the heatmaps
   */
  public static Joints decode(FloatImage heatmaps, int stride) {
    int joints = heatmaps.channels;
    float[][] keypoints = new float[joints][2];
    float[] scores = new float[joints];
    int[] highest = new int[joints];
    for (int k = 0; k < joints; k++) {
      scores[k] = heatmaps.values[k];
    }
    int cells = heatmaps.height * heatmaps.width;
    for (int cell = 1; cell < cells; cell++) {
      for (int k = 0; k < joints; k++) {
        float value = heatmaps.values[cell * joints + k];
        if (value > scores[k]) {
          scores[k] = value;
          highest[k] = cell;
        }
      }
    }
    for (int k = 0; k < joints; k++) {
      int row = highest[k] / heatmaps.width;
      int column = highest[k] % heatmaps.width;
      double[] step = new double[2];
      if (row > 0 && row < heatmaps.height - 1 && column > 0 && column < heatmaps.width - 1) {
        step = newtonStep(blurredLogarithm(heatmaps, k, row, column));
      }
      double offset = (stride - 1) / 2.0;
      keypoints[k][0] = (float) ((column + step[0]) * stride + offset);
      keypoints[k][1] = (float) ((row + step[1]) * stride + offset);
    }
    return new Joints(keypoints, scores);
  }

  private static float[] taps() {
    double[] weights = new double[2 * RADIUS + 1];
    double sum = 0;
    for (int index = 0; index < weights.length; index++) {
      double distance = index - RADIUS;
      weights[index] = Math.exp(-distance * distance / (2 * BLUR_SIGMA * BLUR_SIGMA));
      sum += weights[index];
    }
    float[] taps = new float[weights.length];
    for (int index = 0; index < weights.length; index++) {
      taps[index] = (float) (weights[index] / sum);
    }
    return taps;
  }

  /** Returns logarithms [3][3] of the blurred heatmap of a joint about a cell. */
  private static double[][] blurredLogarithm(FloatImage heatmaps, int joint, int row, int column) {
    float[][] rows = new float[3][PATCH];
    for (int x = 0; x < PATCH; x++) {
      int from = column + x - RADIUS - 1;
      if (from < 0 || from >= heatmaps.width) {
        continue;
      }
      for (int y = 0; y < 3; y++) {
        float sum = 0;
        for (int tap = 0; tap < TAPS.length; tap++) {
          int at = row + y - 1 + tap - RADIUS;
          if (at >= 0 && at < heatmaps.height) {
            int cell = at * heatmaps.width + from;
            sum += TAPS[tap] * heatmaps.values[cell * heatmaps.channels + joint];
          }
        }
        rows[y][x] = sum;
      }
    }
    double[][] logarithm = new double[3][3];
    for (int y = 0; y < 3; y++) {
      for (int x = 0; x < 3; x++) {
        float sum = 0;
        for (int tap = 0; tap < TAPS.length; tap++) {
          sum += rows[y][x + tap] * TAPS[tap];
        }
        logarithm[y][x] = (float) Math.log(Math.max(sum, 1e-10f));
      }
    }
    return logarithm;
  }

  /** Returns the step (x, y) to the maximum, Eq. 8 of DARK. */
  private static double[] newtonStep(double[][] patch) {
    double dx = (patch[1][2] - patch[1][0]) / 2;
    double dy = (patch[2][1] - patch[0][1]) / 2;
    double dxx = patch[1][2] - 2 * patch[1][1] + patch[1][0];
    double dyy = patch[2][1] - 2 * patch[1][1] + patch[0][1];
    double dxy = (patch[2][2] - patch[2][0] - patch[0][2] + patch[0][0]) / 4;
    double determinant = dxx * dyy - dxy * dxy;
    if (!(determinant > 1e-9 && dxx < 0)) {
      return new double[2];
    }
    double x = (dxy * dy - dyy * dx) / determinant;
    double y = (dxy * dx - dxx * dy) / determinant;
    return new double[] {Math.min(Math.max(x, -1), 1), Math.min(Math.max(y, -1), 1)};
  }
}

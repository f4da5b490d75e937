package ppntf.tracking;

import java.util.Arrays;

/**
 * Low-pass filter of many values, stronger for values that move slowly (Casiez et al., CHI 2012).
 *
 * <p>Each value has a time of its own, so values may be missing.
 */
public final class OneEuroFilter {
  private static final double DERIVATIVE_CUTOFF = 1.0; // Hz

  private final double minCutoff;
  private final double beta;
  private double[] filtered;
  private double[] speeds;
  private double[] times;

  /**
   * Creates a filter.
   *
   * @param minCutoff cutoff of a value at rest, in Hz; lower means less jitter
   * @param beta speed coefficient in Hz per unit per second; higher means less lag
   */
  public OneEuroFilter(double minCutoff, double beta) {
    this.minCutoff = minCutoff;
    this.beta = beta;
  }

  /** Forgets all samples. */
  public void reset() {
    filtered = null;
  }

  /**
   * Filters one sample of all values.
   *
   * @param values as many in every call
   * @param time seconds; values not later than their last sample are returned unfiltered
   * @param unit unit of length in which `beta` measures speeds
   * @param valid values that are not valid are returned unfiltered and do not count as samples
   */
  public double[] filter(double[] values, double time, double unit, boolean[] valid) {
    if (filtered == null || filtered.length != values.length) {
      filtered = new double[values.length];
      speeds = new double[values.length];
      times = new double[values.length];
      Arrays.fill(times, Double.NaN);
    }
    double[] result = values.clone();
    for (int index = 0; index < values.length; index++) {
      double value = values[index];
      if (!valid[index] || Double.isNaN(value) || Double.isInfinite(value)) {
        continue;
      }
      // NaN, the time of a value without samples, compares as false.
      if (time > times[index]) {
        double period = time - times[index];
        double share = share(DERIVATIVE_CUTOFF, period);
        double previous = filtered[index];
        speeds[index] = share * (value - previous) / period + (1 - share) * speeds[index];
        share = share(minCutoff + beta * Math.abs(speeds[index]) / unit, period);
        result[index] = share * value + (1 - share) * previous;
      } else {
        speeds[index] = 0;
      }
      filtered[index] = result[index];
      times[index] = time;
    }
    return result;
  }

  /** Returns the weight of a new sample. */
  private static double share(double cutoff, double period) {
    return 1 / (1 + 1 / (2 * Math.PI * cutoff * period));
  }
}

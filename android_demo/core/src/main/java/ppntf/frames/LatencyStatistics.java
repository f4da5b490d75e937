package ppntf.frames;

import java.util.Arrays;

/** Latencies of the latest calls. */
public final class LatencyStatistics {
  private final double[] latest;
  private long count;

  /** Creates statistics of the latest `capacity` calls. */
  public LatencyStatistics(int capacity) {
    latest = new double[capacity];
  }

  /** Adds the latency of a call in milliseconds. */
  public void add(double milliseconds) {
    latest[(int) (count % latest.length)] = milliseconds;
    count++;
  }

  /** Forgets all calls. */
  public void reset() {
    count = 0;
  }

  /** Returns how many calls were added. */
  public long count() {
    return count;
  }

  /**
   * Returns a quantile of the latest calls, interpolated between the two nearest ones.
   *
   * @param share 0 for the shortest latency, 0.5 for the median, 1 for the longest
   * @return NaN without calls
   */
  public double quantile(double share) {
    int size = (int) Math.min(count, latest.length);
    if (size == 0) {
      return Double.NaN;
    }
    double[] sorted = Arrays.copyOf(latest, size);
    Arrays.sort(sorted);
    double place = share * (size - 1);
    int lower = (int) Math.floor(place);
    int upper = Math.min(lower + 1, size - 1);
    return sorted[lower] + (place - lower) * (sorted[upper] - sorted[lower]);
  }
}

package ppntf.frames;

/** Frames per second, as a running mean of the times between frames. */
public final class FrameRate {
  private static final double LAG = 0.5; // seconds by which the mean lags

  private double last = Double.NaN;
  private double period = Double.NaN;

  /** Adds a frame at a time in seconds. */
  public void add(double time) {
    if (time > last) {
      double newest = time - last;
      double share = newest / (newest + LAG);
      period = Double.isNaN(period) ? newest : period + share * (newest - period);
    }
    last = time;
  }

  /** Forgets all frames, as after a pause. */
  public void reset() {
    last = Double.NaN;
    period = Double.NaN;
  }

  /** Returns frames per second; 0 before the second frame. */
  public double perSecond() {
    return period > 0 ? 1 / period : 0;
  }
}

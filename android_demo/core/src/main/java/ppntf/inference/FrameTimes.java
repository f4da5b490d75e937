package ppntf.inference;

/** Running means that lag by the same time at every frame rate, and time limits. */
public final class FrameTimes {
  /** Seconds from one frame to the next, where no times are given. */
  public static final double PERIOD = 1 / 30.0;

  private FrameTimes() {}

  /** Returns the weight T / (T + lag) of the newest sample in a running mean. */
  public static double newestShare(double period, double lag) {
    return period / (period + lag);
  }

  /** Returns whether this frame is the one nearest to the end of a limit, or a later one. */
  public static boolean isOver(double elapsed, double limit, double period) {
    return elapsed > 0 && elapsed + period / 2 >= limit;
  }
}

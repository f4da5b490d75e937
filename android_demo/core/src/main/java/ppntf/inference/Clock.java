package ppntf.inference;

/** Clock of a video, read frame by frame. */
public final class Clock {
  private double last = Double.NaN;

  /**
   * Returns the seconds since the preceding frame; PERIOD for a first frame.
   *
   * @param time time of the next frame in seconds; a time that is not later, as after a jump of
   *     timestamps, counts as PERIOD later
   */
  public double tick(double time) {
    if (Double.isNaN(time) || Double.isInfinite(time)) {
      throw new IllegalArgumentException("time=" + time + ": not a time. Give finite seconds.");
    }
    double previous = last;
    last = time;
    return time > previous ? time - previous : FrameTimes.PERIOD;
  }
}

package ppntf.tracking;

import ppntf.inference.FrameTimes;
import ppntf.keypoints.Frame;

/**
 * Detects the first frame of each new shot.
 *
 * <p>A cut changes most pixels of a thumbnail, changes its coarse color histogram, and changes the
 * thumbnail much more than the preceding frames do.
 */
public final class CutDetector {
  private static final int COLORS = 8; // histogram bins per channel
  private static final int CHANGED = 16; // least change of a pixel, in levels of 255
  private static final double MIN_CHANGED = 0.6; // share of changed pixels
  private static final double MIN_RECOLORED = 0.2; // share of pixels in other histogram bins
  private static final double RATIO = 3.0; // change at a cut over the usual change
  private static final double LAG = 7 / 90.0; // seconds by which the usual change lags

  private int[] thumbnail;
  private double usual; // running mean change, in levels of 255

  /** Makes the next frame the first of a video. */
  public void reset() {
    thumbnail = null;
    usual = 0;
  }

  /**
   * Returns whether a shot begins with the next frame of a video.
   *
   * @param period seconds since the preceding frame
   */
  public boolean isCut(Frame frame, double period) {
    int[] previous = thumbnail;
    thumbnail = Thumbnail.make(frame);
    if (previous == null) {
      return false;
    }
    int sum = 0;
    int changed = 0;
    for (int at = 0; at < thumbnail.length; at += 3) {
      int largest = 0;
      for (int channel = 0; channel < 3; channel++) {
        int difference = Math.abs(thumbnail[at + channel] - previous[at + channel]);
        sum += difference;
        largest = Math.max(largest, difference);
      }
      changed += largest > CHANGED ? 1 : 0;
    }
    double pixels = Thumbnail.SIDE * Thumbnail.SIDE;
    double change = sum / (3 * pixels);
    boolean cut =
        change >= RATIO * usual
            && changed / pixels >= MIN_CHANGED
            && recolored(thumbnail, previous) >= MIN_RECOLORED;
    // A cut says nothing about the motion of the next shot.
    usual = cut ? 0 : usual + FrameTimes.newestShare(period, LAG) * (change - usual);
    return cut;
  }

  /** Returns the share of pixels that changed to another bin of the color histogram. */
  private static double recolored(int[] current, int[] previous) {
    int[] counts = new int[COLORS * COLORS * COLORS];
    for (int at = 0; at < current.length; at += 3) {
      counts[bin(current, at)]++;
      counts[bin(previous, at)]--;
    }
    int sum = 0;
    for (int count : counts) {
      sum += Math.abs(count);
    }
    return sum / (2.0 * Thumbnail.SIDE * Thumbnail.SIDE);
  }

  private static int bin(int[] levels, int at) {
    int width = 256 / COLORS;
    return (levels[at] / width * COLORS + levels[at + 1] / width) * COLORS + levels[at + 2] / width;
  }
}

package ppntf.frames;

/** Conversion of luma and chroma, 8 bits each, to RGB. */
public final class ColorRule {
  /** JFIF's: BT.601 in the full range, as cameras deliver. */
  public static final ColorRule CAMERA = new ColorRule(0.299, 0.114, true);

  /** Factors, times 65536, of luma, of V in red, of U and V in green, and of U in blue. */
  final int luma;
  final int redV;
  final int greenU;
  final int greenV;
  final int blueU;
  /** Luma of black. */
  final int black;

  /**
   * Creates a rule.
   *
   * @param red weight of red in luma
   * @param blue weight of blue in luma
   * @param fullRange whether luma is 0..255 instead of 16..235
   */
  private ColorRule(double red, double blue, boolean fullRange) {
    double green = 1 - red - blue;
    double chroma = fullRange ? 1 : 255 / 224.0;
    luma = fixed(fullRange ? 1 : 255 / 219.0);
    redV = fixed(chroma * 2 * (1 - red));
    greenU = fixed(chroma * 2 * (1 - blue) * blue / green);
    greenV = fixed(chroma * 2 * (1 - red) * red / green);
    blueU = fixed(chroma * 2 * (1 - blue));
    black = fullRange ? 0 : 16;
  }

  /**
   * Returns the rule of a video.
   *
   * @param standard value of MediaFormat's "color-standard": 1 is BT.709, 2 and 4 are BT.601, 6 is
   *     BT.2020, and anything else BT.709 from 720 rows on, BT.601 below
   * @param range value of MediaFormat's "color-range": 1 is full; others are limited
   * @param height height of the video in pixels
   */
  public static ColorRule ofVideo(int standard, int range, int height) {
    boolean full = range == 1;
    if (standard == 6) {
      return new ColorRule(0.2627, 0.0593, full);
    }
    boolean sd = standard == 2 || standard == 4 || (standard != 1 && height < 720);
    return sd ? new ColorRule(0.299, 0.114, full) : new ColorRule(0.2126, 0.0722, full);
  }

  private static int fixed(double factor) {
    return (int) Math.round(65536 * factor);
  }
}

package ppntf.keypoints;

/** Upright picture in RGB, three bytes per pixel, row by row. */
public final class Frame {
  public final int height;
  public final int width;
  /** [height, width, 3], values 0..255 as unsigned bytes. */
  public final byte[] rgb;

  public Frame(int height, int width, byte[] rgb) {
    if (height < 1 || width < 1 || rgb.length != 3 * height * width) {
      throw new IllegalArgumentException(
          "a frame of " + width + "x" + height + " pixels takes " + 3L * height * width
              + " bytes. Received: " + rgb.length + ".");
    }
    this.height = height;
    this.width = width;
    this.rgb = rgb;
  }
}

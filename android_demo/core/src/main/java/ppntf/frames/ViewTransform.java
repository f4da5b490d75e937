package ppntf.frames;

/** Map between pixels of a frame and of the view that shows it in its middle. */
public final class ViewTransform {
  /** Pixels of the view per pixel of the frame. */
  public final double zoom;
  /** Left and upper border of the frame in the view, before mirroring. */
  public final double left;
  public final double top;
  private final boolean mirrored;
  private final int viewWidth;

  /**
   * Creates a map.
   *
   * @param fills whether the frame fills the view and may exceed it, or is as large as fits
   * @param mirrored whether left and right are exchanged, as in a mirror
   */
  public ViewTransform(
      int frameHeight, int frameWidth, int viewHeight, int viewWidth, boolean fills,
      boolean mirrored) {
    double vertical = viewHeight / (double) frameHeight;
    double horizontal = viewWidth / (double) frameWidth;
    this.zoom = fills ? Math.max(vertical, horizontal) : Math.min(vertical, horizontal);
    this.left = (viewWidth - zoom * frameWidth) / 2;
    this.top = (viewHeight - zoom * frameHeight) / 2;
    this.mirrored = mirrored;
    this.viewWidth = viewWidth;
  }

  /** Converts (x, y) from frame pixels, whose centers are whole numbers, to the view. */
  public double[] toView(double x, double y) {
    double right = left + zoom * (x + 0.5);
    return new double[] {mirrored ? viewWidth - right : right, top + zoom * (y + 0.5)};
  }

  /** Converts (x, y) from the view to frame pixels. */
  public double[] toFrame(double x, double y) {
    double right = mirrored ? viewWidth - x : x;
    return new double[] {(right - left) / zoom - 0.5, (y - top) / zoom - 0.5};
  }
}

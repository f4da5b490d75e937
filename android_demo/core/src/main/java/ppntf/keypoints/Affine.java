package ppntf.keypoints;

/** Map from frame pixels to pixels of an upright crop: p becomes zoom * p + shift. */
public final class Affine {
  public final double zoom;
  public final double shiftX;
  public final double shiftY;

  public Affine(double zoom, double shiftX, double shiftY) {
    this.zoom = zoom;
    this.shiftX = shiftX;
    this.shiftY = shiftY;
  }

  /** Returns the map from frame pixels to cells, whose centers are at S * cell + (S - 1) / 2. */
  public Affine toCells(int stride) {
    double offset = (stride - 1) / 2.0;
    return new Affine(zoom / stride, (shiftX - offset) / stride, (shiftY - offset) / stride);
  }

  /**
   * Returns the map from pixels of `previous` to pixels of this crop.
   *
   * @param stepX frame pixels by which the content has moved to the right in the meantime
   * @param stepY frame pixels by which the content has moved down in the meantime
   */
  public Affine after(Affine previous, double stepX, double stepY) {
    double ratio = zoom / previous.zoom;
    return new Affine(
        ratio,
        shiftX + zoom * stepX - ratio * previous.shiftX,
        shiftY + zoom * stepY - ratio * previous.shiftY);
  }
}

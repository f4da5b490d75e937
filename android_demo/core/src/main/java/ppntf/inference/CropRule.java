package ppntf.inference;

import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.Frame;
import ppntf.keypoints.FrameCrops;

/** Size and margin of the crops that a part of a network takes. */
public final class CropRule {
  public final int height;
  public final int width;
  /** Side of the crop over the longer side of the box. */
  public final double margin;

  public CropRule(int height, int width, double margin) {
    this.height = height;
    this.width = width;
    this.margin = margin;
  }

  /** Returns the map from frame pixels to pixels of the crop about a box. */
  public Affine affine(float[] box) {
    return FrameCrops.cropAffine(box, margin, height, width);
  }

  /** Returns the crop [height, width, 3] of a frame. */
  public FloatImage crop(Frame frame, Affine affine) {
    return FrameCrops.cropFrame(frame, affine, height, width);
  }

  /** Returns the rule with another margin. */
  public CropRule withMargin(double changed) {
    return new CropRule(height, width, changed);
  }

  /** Returns whether two rules give the same crops. */
  public boolean sameAs(CropRule other) {
    return height == other.height && width == other.width && margin == other.margin;
  }
}

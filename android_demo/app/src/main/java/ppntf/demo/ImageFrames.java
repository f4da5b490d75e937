package ppntf.demo;

import android.graphics.ImageFormat;
import android.graphics.Rect;
import android.media.Image;
import ppntf.frames.ColorRule;
import ppntf.frames.YuvImage;
import ppntf.keypoints.Frame;

/** Conversion of Android's images to frames. */
final class ImageFrames {
  private ImageFrames() {}

  /**
   * Converts the crop rectangle of an image, turned clockwise.
   *
   * @param image in YUV_420_888
   * @param degrees 0, 90, 180 or 270
   */
  static Frame toFrame(Image image, ColorRule rule, int degrees) {
    if (image.getFormat() != ImageFormat.YUV_420_888) {
      throw new IllegalArgumentException(
          "images of format " + image.getFormat() + ", not 8-bit YUV 4:2:0");
    }
    YuvImage.Plane[] planes = new YuvImage.Plane[3];
    for (int index = 0; index < 3; index++) {
      Image.Plane plane = image.getPlanes()[index];
      planes[index] =
          new YuvImage.Plane(plane.getBuffer(), plane.getRowStride(), plane.getPixelStride());
    }
    YuvImage yuv =
        new YuvImage(image.getHeight(), image.getWidth(), planes[0], planes[1], planes[2]);
    Rect part = image.getCropRect();
    return yuv.toFrame(rule, degrees, part.top, part.left, part.height(), part.width());
  }
}

package ppntf.frames;

import java.nio.ByteBuffer;
import ppntf.keypoints.Frame;

/**
 * Image in YUV 4:2:0 with planes in any layout, as Camera2 and MediaCodec deliver them.
 *
 * <p>Chroma has half the size, rounded up, and is not interpolated.
 */
public final class YuvImage {
  private final int height;
  private final int width;
  private final Plane luma;
  private final Plane first;
  private final Plane second;

  /** Creates an image of planes Y, U and V. */
  public YuvImage(int height, int width, Plane luma, Plane first, Plane second) {
    this.height = height;
    this.width = width;
    this.luma = luma;
    this.first = first;
    this.second = second;
  }

  /** Converts the whole image, turned clockwise by 0, 90, 180 or 270 degrees. */
  public Frame toFrame(ColorRule rule, int degrees) {
    return toFrame(rule, degrees, 0, 0, height, width);
  }

  /**
   * Converts a part of the image, such as the crop rectangle of a decoder.
   *
   * @param degrees clockwise rotation of the part: 0, 90, 180 or 270
   * @param top first row of the part
   * @param left first column of the part
   */
  public Frame toFrame(
      ColorRule rule, int degrees, int top, int left, int partHeight, int partWidth) {
    if (top < 0 || left < 0 || partHeight > height - top || partWidth > width - left) {
      throw new IllegalArgumentException(
          "part " + partWidth + "x" + partHeight + " at (" + left + ", " + top
              + ") is not within an image of " + width + "x" + height + " pixels.");
    }
    Turn turn = new Turn(degrees, partHeight, partWidth);
    byte[] rgb = new byte[3 * partHeight * partWidth];
    byte[] lumaRow = new byte[luma.rowLength(left + partWidth)];
    byte[] firstRow = new byte[first.rowLength((left + partWidth + 1) / 2)];
    byte[] secondRow = new byte[second.rowLength((left + partWidth + 1) / 2)];
    for (int y = 0; y < partHeight; y++) {
      luma.readRow(top + y, lumaRow);
      if (y == 0 || (top + y) % 2 == 0) {
        first.readRow((top + y) / 2, firstRow);
        second.readRow((top + y) / 2, secondRow);
      }
      int at = 3 * turn.place(0, y);
      for (int x = left; x < left + partWidth; x++, at += 3 * turn.stepX) {
        int level = ((lumaRow[x * luma.pixelStride] & 255) - rule.black) * rule.luma + (1 << 15);
        int u = (firstRow[x / 2 * first.pixelStride] & 255) - 128;
        int v = (secondRow[x / 2 * second.pixelStride] & 255) - 128;
        rgb[at] = clip(level + rule.redV * v >> 16);
        rgb[at + 1] = clip(level - rule.greenU * u - rule.greenV * v >> 16);
        rgb[at + 2] = clip(level + rule.blueU * u >> 16);
      }
    }
    return new Frame(turn.height, turn.width, rgb);
  }

  private static byte clip(int level) {
    return (byte) (level < 0 ? 0 : level > 255 ? 255 : level);
  }

  /** Values of one component; rows begin every rowStride bytes. */
  public static final class Plane {
    private final ByteBuffer bytes;
    private final int rowStride;
    private final int pixelStride;

    /** Creates a plane, which begins at the start of a buffer and may end with its last value. */
    public Plane(ByteBuffer bytes, int rowStride, int pixelStride) {
      this.bytes = bytes.duplicate();
      this.rowStride = rowStride;
      this.pixelStride = pixelStride;
    }

    private int rowLength(int values) {
      return (values - 1) * pixelStride + 1;
    }

    private void readRow(int row, byte[] target) {
      bytes.position(row * rowStride);
      bytes.get(target);
    }
  }
}

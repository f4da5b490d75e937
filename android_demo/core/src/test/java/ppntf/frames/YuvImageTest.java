package ppntf.frames;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.stream.Stream;
import org.json.JSONException;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.keypoints.Frame;

class YuvImageTest {
  @TestFactory
  Stream<DynamicTest> colorsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "color",
        golden -> {
          Frame frame = image(golden).toFrame(ColorRule.CAMERA, 0);
          Frame expected = Golden.frame(golden.get("rgb"));
          assertEquals(expected.height, frame.height);
          assertEquals(expected.width, frame.width);
          for (int at = 0; at < frame.rgb.length; at++) {
            int level = expected.rgb[at] & 255;
            assertEquals(level, frame.rgb[at] & 255, golden.getInt("tolerance"), "byte " + at);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> turnedPartsArePartsOfTheUprightImage() throws Exception {
    return Golden.cases(
        "color",
        golden -> {
          YuvImage image = image(golden);
          Frame whole = image.toFrame(ColorRule.CAMERA, 0);
          for (int degrees = 0; degrees < 360; degrees += 90) {
            int top = 3;
            int left = 1 + degrees / 90;
            Frame part = image.toFrame(ColorRule.CAMERA, degrees, top, left, 7, 8);
            for (int y = 0; y < 7; y++) {
              for (int x = 0; x < 8; x++) {
                int from = (top + y) * whole.width + left + x;
                int[] turned = turned(degrees, y, x, 7, 8);
                int to = turned[0] * part.width + turned[1];
                for (int channel = 0; channel < 3; channel++) {
                  assertEquals(whole.rgb[3 * from + channel], part.rgb[3 * to + channel]);
                }
              }
            }
          }
          assertThrows(
              IllegalArgumentException.class,
              () -> image.toFrame(ColorRule.CAMERA, 0, 0, 1, whole.height, whole.width));
        });
  }

  /** Returns (row, column) after a clockwise rotation. */
  private static int[] turned(int degrees, int y, int x, int height, int width) {
    switch (degrees) {
      case 90:
        return new int[] {x, height - 1 - y};
      case 180:
        return new int[] {height - 1 - y, width - 1 - x};
      case 270:
        return new int[] {width - 1 - x, y};
      default:
        return new int[] {y, x};
    }
  }

  @Test
  void videosHaveTheirOwnColors() {
    // Values of 75 % color bars: white, red, green and blue in BT.709, limited range.
    int[][] yuv709 = {{180, 128, 128}, {51, 109, 212}, {133, 63, 52}, {28, 212, 120}};
    int[][] rgb = {{191, 191, 191}, {191, 0, 0}, {0, 191, 0}, {0, 0, 191}};
    // The same colors in BT.601, limited range.
    int[][] yuv601 = {{180, 128, 128}, {65, 100, 212}, {112, 72, 58}, {35, 212, 114}};
    for (int color = 0; color < 4; color++) {
      check(rgb[color], yuv709[color], ColorRule.ofVideo(1, 2, 240));
      check(rgb[color], yuv709[color], ColorRule.ofVideo(0, 0, 1080));
      check(rgb[color], yuv601[color], ColorRule.ofVideo(4, 2, 1080));
      check(rgb[color], yuv601[color], ColorRule.ofVideo(0, 0, 480));
    }
    check(new int[] {200, 200, 200}, new int[] {200, 128, 128}, ColorRule.ofVideo(1, 1, 240));
    check(new int[] {255, 255, 255}, new int[] {235, 128, 128}, ColorRule.ofVideo(6, 2, 2160));
  }

  private static void check(int[] expected, int[] yuv, ColorRule rule) {
    YuvImage.Plane[] planes = new YuvImage.Plane[3];
    for (int index = 0; index < 3; index++) {
      planes[index] = new YuvImage.Plane(ByteBuffer.wrap(new byte[] {(byte) yuv[index]}), 1, 1);
    }
    Frame frame = new YuvImage(1, 1, planes[0], planes[1], planes[2]).toFrame(rule, 0);
    int[] levels = {frame.rgb[0] & 255, frame.rgb[1] & 255, frame.rgb[2] & 255};
    for (int channel = 0; channel < 3; channel++) {
      assertEquals(expected[channel], levels[channel], 2, java.util.Arrays.toString(yuv));
    }
  }

  @Test
  void otherRotationsAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Turn(45, 4, 5));
    assertThrows(IllegalArgumentException.class, () -> new Turn(-90, 4, 5));
    Turn turn = new Turn(90, 4, 5);
    assertArrayEquals(new int[] {5, 4}, new int[] {turn.height, turn.width});
  }

  private static YuvImage image(JSONObject golden) throws JSONException {
    int[] size = Golden.ints(golden.get("size"));
    return new YuvImage(
        size[0], size[1], plane(golden, "y"), plane(golden, "u"), plane(golden, "v"));
  }

  private static YuvImage.Plane plane(JSONObject golden, String name) throws JSONException {
    JSONObject plane = golden.getJSONObject(name);
    ByteBuffer bytes = ByteBuffer.wrap(Golden.bytes(plane.get("bytes")));
    return new YuvImage.Plane(bytes, plane.getInt("row_stride"), plane.getInt("pixel_stride"));
  }
}

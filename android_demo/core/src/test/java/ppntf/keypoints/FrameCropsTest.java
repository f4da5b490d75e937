package ppntf.keypoints;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static ppntf.golden.Close.assertClose;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;

class FrameCropsTest {
  @TestFactory
  Stream<DynamicTest> cropsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "crops",
        golden -> {
          int[] size = Golden.ints(golden.get("size"));
          float[] box = Golden.floats(golden.get("box"));
          Affine affine = FrameCrops.cropAffine(box, golden.getDouble("margin"), size[0], size[1]);
          Affine expected = Golden.affine(golden.get("affine"));
          assertEquals(expected.zoom, affine.zoom, 1e-6 * expected.zoom);
          assertEquals(expected.shiftX, affine.shiftX, 1e-4);
          assertEquals(expected.shiftY, affine.shiftY, 1e-4);
          Frame frame = Golden.frame(golden.get("frame"));
          FloatImage crop = FrameCrops.cropFrame(frame, affine, size[0], size[1]);
          assertClose(Golden.floats(golden.get("crop")), crop.values, 0.01, "crop");
        });
  }

  @Test
  void pointsReturnFromACrop() {
    Affine affine = FrameCrops.cropAffine(new float[] {10, 20, 40, 80}, 1.25, 96, 128);
    float[][] points = {{12.5f, 30.25f}, {-3, 200}};
    float[][] crop = FrameCrops.toCrop(affine, points);
    assertClose(points, FrameCrops.toFrame(affine, crop), 1e-4, "points");
    // The center of the box is the center of the crop.
    float[][] center = FrameCrops.toCrop(affine, new float[][] {{25, 50}});
    assertArrayEquals(new float[] {63.5f, 47.5f}, center[0], 1e-4f);
  }

  @Test
  void framesOfAnotherSizeAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new Frame(4, 5, new byte[59]));
  }
}

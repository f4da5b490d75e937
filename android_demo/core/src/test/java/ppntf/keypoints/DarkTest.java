package ppntf.keypoints;

import static ppntf.golden.Close.assertClose;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;

class DarkTest {
  @TestFactory
  Stream<DynamicTest> jointsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "decoding",
        golden -> {
          FloatImage heatmaps = Golden.image(golden.get("heatmaps"));
          Joints joints = Dark.decode(heatmaps, golden.getInt("stride"));
          assertClose(Golden.points(golden.get("keypoints")), joints.keypoints, 2e-3, "keypoints");
          assertClose(Golden.floats(golden.get("scores")), joints.scores, 0, "scores");
        });
  }
}

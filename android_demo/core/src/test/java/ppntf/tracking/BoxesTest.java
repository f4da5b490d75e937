package ppntf.tracking;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static ppntf.golden.Close.assertClose;

import java.util.List;
import java.util.stream.Stream;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.golden.ReferenceModel;
import ppntf.keypoints.Frame;
import ppntf.keypoints.Joints;

class BoxesTest {
  private static final String MODEL =
      "{\"colors\": [[0, 0, 0]], \"reach\": 1, \"newest\": 1, \"size\": [16, 16], "
          + "\"heatmap_size\": [4, 4], \"readout\": \"answer\", \"joint_names\": [\"a\"]}";
  private static final String CROPS = "{\"margin\": 1.25, \"steady_crops\": false}";

  @TestFactory
  Stream<DynamicTest> boxesAboutJointsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "joints_box",
        golden -> {
          TrackerSettings settings = new TrackerSettings();
          settings.minScore = golden.getDouble("min_score");
          settings.minJoints = golden.getInt("min_joints");
          PersonSearch search =
              new PersonSearch(
                  new ReferenceModel(new JSONObject(MODEL), new JSONObject(CROPS)), settings);
          float[] scores = Golden.floats(golden.get("scores"));
          Joints joints = new Joints(Golden.points(golden.get("keypoints")), scores);
          int[] size = Golden.ints(golden.get("frame_size"));
          float[] box = search.jointsBox(joints, size[0], size[1]);
          if (golden.isNull("box")) {
            assertNull(box);
          } else {
            assertClose(Golden.floats(golden.get("box")), box, 1e-4, "box");
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> searchBoxesAreThoseOfPython() throws Exception {
    return Golden.cases(
        "search_boxes",
        golden -> {
          int[] size = Golden.ints(golden.get("frame_size"));
          double[] parts = Golden.doubles(golden.get("parts"));
          double margin = golden.getDouble("margin");
          double edge = golden.getDouble("edge");
          List<float[]> boxes = Boxes.searchBoxes(size[0], size[1], margin, parts, edge);
          float[] expected = Golden.floats(golden.get("boxes"));
          assertEquals(expected.length, 4 * boxes.size());
          for (int index = 0; index < boxes.size(); index++) {
            float[] box = java.util.Arrays.copyOfRange(expected, 4 * index, 4 * index + 4);
            assertClose(box, boxes.get(index), 1e-3, "box " + index);
          }
        });
  }

  @Test
  void unusableBoxesAreRefused() {
    float[][] boxes = {{0, 0, 5}, {5, 0, 5, 9}, {0, 9, 5, 2}, {0, 0, Float.NaN, 9}};
    for (float[] box : boxes) {
      assertThrows(IllegalArgumentException.class, () -> Boxes.checkBox(box));
    }
    Frame frame = new Frame(10, 20, new byte[600]);
    float[][] outside = {{20, 0, 30, 5}, {0, 10, 5, 15}, {-9, 0, 0, 5}, {0, -9, 5, 0}};
    for (float[] box : outside) {
      assertThrows(IllegalArgumentException.class, () -> Boxes.checkWithin(box, frame));
    }
    assertDoesNotThrow(() -> Boxes.checkWithin(new float[] {-5, -5, 1, 1}, frame));
  }
}

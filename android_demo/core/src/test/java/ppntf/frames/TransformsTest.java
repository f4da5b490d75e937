package ppntf.frames;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;

class TransformsTest {
  @TestFactory
  Stream<DynamicTest> framesAreUprightAndViewsMirrored() throws Exception {
    return Golden.cases(
        "transforms",
        golden -> {
          boolean front = golden.getString("facing").equals("front");
          int sensor = golden.getInt("sensor_orientation");
          int rotation = Turn.ofCamera(sensor, golden.getInt("display_rotation"), front);
          assertEquals(golden.getInt("rotation"), rotation);
          int[] shape = Golden.shape(golden.get("image"));
          int[] image = Golden.ints(golden.get("image"));
          Turn turn = new Turn(rotation, shape[0], shape[1]);
          int[] frame = new int[image.length];
          for (int index = 0; index < image.length; index++) {
            frame[turn.place(index % shape[1], index / shape[1])] = image[index];
          }
          assertArrayEquals(Golden.shape(golden.get("frame")), new int[] {turn.height, turn.width});
          assertArrayEquals(Golden.ints(golden.get("frame")), frame);
          checkPoints(golden, turn);
        });
  }

  private static void checkPoints(JSONObject golden, Turn turn) throws Exception {
    int[] view = Golden.ints(golden.get("view_size"));
    boolean fills = golden.getString("scale").equals("fill");
    boolean mirrored = golden.getBoolean("mirrored");
    ViewTransform transform =
        new ViewTransform(turn.height, turn.width, view[0], view[1], fills, mirrored);
    JSONArray points = golden.getJSONArray("points");
    for (int index = 0; index < points.length(); index++) {
      double[] frame = Golden.doubles(points.getJSONObject(index).get("frame"));
      double[] shown = Golden.doubles(points.getJSONObject(index).get("view"));
      assertArrayEquals(shown, transform.toView(frame[0], frame[1]), 1e-6);
      assertArrayEquals(frame, transform.toFrame(shown[0], shown[1]), 1e-6);
    }
  }
}

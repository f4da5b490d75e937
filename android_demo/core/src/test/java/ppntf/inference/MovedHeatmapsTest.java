package ppntf.inference;

import static ppntf.golden.Close.assertClose;

import java.util.stream.Stream;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;

class MovedHeatmapsTest {
  @TestFactory
  Stream<DynamicTest> mapsMoveAsInPython() throws Exception {
    return Golden.cases(
        "moved_heatmaps",
        golden -> {
          FloatImage maps = Golden.image(golden.get("maps"));
          Affine first = Golden.affine(golden.get("affine"));
          MovedHeatmaps heatmaps = new MovedHeatmaps(maps, first, golden.getInt("stride"));
          JSONArray steps = golden.getJSONArray("steps");
          JSONArray moved = golden.getJSONArray("moved");
          for (int t = 0; t < steps.length(); t++) {
            JSONObject step = steps.getJSONObject(t);
            Affine affine = Golden.affine(step.get("affine"));
            double period = step.getDouble("period");
            float[] expected = Golden.floats(moved.get(t));
            assertClose(expected, heatmaps.moveTo(affine, period).values, 1e-4, "step " + t);
            heatmaps.replace(Golden.image(step.get("maps")), affine, period);
          }
        });
  }

  @TestFactory
  Stream<DynamicTest> startsMoveIntoTheCropOfTheStepAsInPython() throws Exception {
    return Golden.cases(
        "start_heatmaps",
        golden -> {
          FloatImage moved =
              MovedHeatmaps.changeCrop(
                  Golden.image(golden.get("maps")),
                  Golden.affine(golden.get("start_affine")),
                  golden.getInt("start_stride"),
                  Golden.affine(golden.get("affine")),
                  golden.getInt("stride"));
          assertClose(Golden.floats(golden.get("moved")), moved.values, 1e-4, "moved");
        });
  }
}

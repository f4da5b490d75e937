package ppntf.inference;

import static ppntf.golden.Close.assertClose;

import java.util.stream.Stream;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.keypoints.Affine;
import ppntf.keypoints.Joints;

class PresentPlacesTest {
  @TestFactory
  Stream<DynamicTest> jointsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "present_places",
        golden -> {
          PresentPlaces places = new PresentPlaces();
          JSONArray frames = golden.getJSONArray("frames");
          for (int t = 0; t < frames.length(); t++) {
            JSONObject frame = frames.getJSONObject(t);
            StepHeatmaps heatmaps =
                new StepHeatmaps(
                    Golden.image(frame.get("final")), Golden.image(frame.get("preliminary")));
            Affine affine = Golden.affine(frame.get("affine"));
            Joints joints =
                places.read(
                    heatmaps, affine, golden.getInt("stride"), frame.getDouble("period"));
            float[][] keypoints = Golden.points(golden.getJSONArray("keypoints").get(t));
            float[] scores = Golden.floats(golden.getJSONArray("scores").get(t));
            assertClose(keypoints, joints.keypoints, 5e-3, "keypoints of frame " + t);
            assertClose(scores, joints.scores, 1e-6, "scores of frame " + t);
          }
        });
  }
}

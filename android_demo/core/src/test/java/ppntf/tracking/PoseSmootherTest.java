package ppntf.tracking;

import static ppntf.golden.Close.assertClose;

import java.util.stream.Stream;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.keypoints.Pose;

class PoseSmootherTest {
  @TestFactory
  Stream<DynamicTest> keypointsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "smoothing",
        golden -> {
          PoseSmoother smoother =
              new PoseSmoother(
                  golden.getDouble("min_cutoff"),
                  golden.getDouble("beta"),
                  golden.getDouble("min_score"));
          double[] times = Golden.doubles(golden.get("times"));
          JSONArray poses = golden.getJSONArray("poses");
          for (int t = 0; t < times.length; t++) {
            JSONObject json = poses.getJSONObject(t);
            Pose pose =
                new Pose(
                    Golden.points(json.get("keypoints")),
                    Golden.floats(json.get("scores")),
                    Golden.floats(json.get("box")),
                    json.getBoolean("found"),
                    json.getBoolean("restarted"));
            float[][] expected = Golden.points(golden.getJSONArray("keypoints").get(t));
            float[][] smoothed = smoother.smooth(pose, times[t]).keypoints;
            assertClose(expected, smoothed, 1e-3, "frame " + t);
          }
        });
  }
}

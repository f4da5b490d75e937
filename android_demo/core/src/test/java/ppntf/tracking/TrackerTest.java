package ppntf.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.json.JSONException;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.golden.ReferenceModel;
import ppntf.keypoints.Frame;
import ppntf.keypoints.Pose;

class TrackerTest {
  private static final double TOLERANCE = 0.05; // pixels

  @TestFactory
  Stream<DynamicTest> posesOfClipsAreThoseOfPython() throws Exception {
    return Golden.cases("clip", TrackerTest::check);
  }

  private static void check(JSONObject golden) throws Exception {
    JSONObject settings = golden.getJSONObject("settings");
    Tracker tracker =
        new Tracker(new ReferenceModel(golden.getJSONObject("model"), settings), read(settings));
    tracker.reset(golden.isNull("first_box") ? null : Golden.floats(golden.get("first_box")));
    JSONObject filter = golden.getJSONObject("smoothing");
    PoseSmoother smoother =
        new PoseSmoother(
            filter.getDouble("min_cutoff"),
            filter.getDouble("beta"),
            filter.getDouble("min_score"));
    List<Frame> frames = Golden.frames(golden.get("frames"));
    double[] times = Golden.doubles(golden.get("times"));
    float[] boxes = Golden.floats(golden.get("box"));
    float[] keypoints = Golden.floats(golden.get("keypoints"));
    float[] scores = Golden.floats(golden.get("scores"));
    float[] smoothed = Golden.floats(golden.get("smoothed"));
    double worst = 0;
    int losses = 0;
    int restarts = 0;
    boolean isPart = golden.getString("name").equals("a part of a person");
    assertEquals(times.length, frames.size());
    for (int t = 0; t < frames.size(); t++) {
      Pose pose = tracker.update(frames.get(t), times[t]);
      String frame = "frame " + t;
      assertEquals(golden.getJSONArray("found").getBoolean(t), pose.found, frame + " found");
      boolean restarted = golden.getJSONArray("restarted").getBoolean(t);
      assertEquals(restarted, pose.restarted, frame + " restarted");
      worst = Math.max(worst, compare(keypoints, flat(pose.keypoints), t, frame + " keypoints"));
      worst = Math.max(worst, compare(boxes, pose.box, t, frame + " box"));
      float[] filtered = flat(smoother.smooth(pose, times[t]).keypoints);
      worst = Math.max(worst, compare(smoothed, filtered, t, frame + " smoothed"));
      compare(scores, pose.scores, t, frame + " scores");
      losses += pose.found ? 0 : 1;
      restarts += pose.restarted ? 1 : 0;
    }
    boolean isLost = losses > 0 && restarts > 0;
    assertTrue(isLost != isPart, losses + " losses, " + restarts + " restarts");
    System.out.printf(
        "%s: %d frames, %d without the person, %d restarts, largest difference %.2g px%n",
        golden.getString("name"), frames.size(), losses, restarts, worst);
  }

  /** Returns the largest difference of the values of frame t. */
  private static double compare(float[] all, float[] values, int t, String what) {
    double worst = 0;
    for (int index = 0; index < values.length; index++) {
      double difference = Math.abs(all[t * values.length + index] - values[index]);
      assertTrue(difference <= TOLERANCE, what + "[" + index + "] differs by " + difference);
      worst = Math.max(worst, difference);
    }
    return worst;
  }

  private static float[] flat(float[][] points) {
    float[] values = new float[2 * points.length];
    for (int index = 0; index < values.length; index++) {
      values[index] = points[index / 2][index % 2];
    }
    return values;
  }

  private static TrackerSettings read(JSONObject json) throws JSONException {
    TrackerSettings settings = new TrackerSettings();
    settings.minScore = json.getDouble("min_score");
    settings.minJoints = json.getInt("min_joints");
    settings.boxLag = json.getDouble("box_lag");
    settings.refinements = json.getInt("refinements");
    settings.restartScore = json.getDouble("restart_score");
    settings.partScore = json.getDouble("part_score");
    settings.restartAfter = json.getDouble("restart_after");
    settings.restartEvery = json.getInt("restart_every");
    settings.refreshAfter = json.getDouble("refresh_after");
    settings.cuts = json.getBoolean("cuts");
    settings.roam = json.getBoolean("roam");
    assertEquals("dark", json.getString("decoder"));
    return settings;
  }
}

package ppntf.nativecheck;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;
import ppntf.inference.Metadata;
import ppntf.inference.ModelDescription;
import ppntf.inference.StepHeatmaps;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.Frame;
import ppntf.keypoints.Pose;
import ppntf.tracking.Tracker;
import ppntf.tracking.TrackerSettings;

class NativeModelTest {
  private static final double TOLERANCE = 1e-3;
  // The network rounds sampling positions to quarters of a cell, so rounding of a runtime may move
  // uncertain joints. Two runtimes in Python differ by up to 0.67 pixels in the same clip.
  private static final double MEDIAN_PIXELS = 0.01;
  private static final double CONFIDENT_PIXELS = 0.5;
  private static final double PIXELS = 2;
  private static final float VISIBLE = 0.2f;
  private static final float CONFIDENT = 0.5f;
  private final Path folder = Paths.get(System.getProperty("model"));

  @Test
  void heatmapsAreThoseOfPython() throws Exception {
    NativeModel model = load();
    ModelDescription description = model.description();
    JSONObject order = json("description.json");
    int count = order.getInt("frames");
    float[] frames = read("frames.bin");
    float[] heatmaps = read("heatmaps.bin");
    float[] preliminary = read("preliminary.bin");
    int height = description.step.height;
    int width = description.step.width;
    int cells = description.heatmapHeight * description.heatmapWidth * description.numJoints();
    assertEquals(count * height * width * 3, frames.length);
    assertEquals((count + 1) * cells, heatmaps.length);
    double worst = 0;
    FloatImage maps = null;
    for (int t = 0; t < count; t++) {
      int pixels = height * width * 3;
      float[] values = java.util.Arrays.copyOfRange(frames, t * pixels, (t + 1) * pixels);
      FloatImage crop = new FloatImage(height, width, 3, values);
      if (maps == null) {
        maps = model.start(crop);
        worst = Math.max(worst, difference(heatmaps, 0, maps.values));
      }
      StepHeatmaps next = model.step(crop, maps);
      maps = next.finalMaps;
      worst = Math.max(worst, difference(heatmaps, t + 1, maps.values));
      worst = Math.max(worst, difference(preliminary, t, next.preliminary.values));
    }
    System.out.printf(
        "TensorFlow Lite %s from Java: largest difference %.2g over start and %d steps%n",
        TfLite.load().TfLiteVersion(), worst, count);
    assertTrue(worst <= TOLERANCE, "largest difference " + worst);
  }

  @Test
  void posesOfAClipAreThoseOfPython() throws Exception {
    NativeModel model = load();
    JSONObject clip = json("clip.json");
    int height = clip.getJSONArray("size").getInt(0);
    int width = clip.getJSONArray("size").getInt(1);
    byte[] frames = Files.readAllBytes(folder.resolve("clip.bin"));
    float[] keypoints = read("clip_keypoints.bin");
    float[] scores = read("clip_scores.bin");
    float[] boxes = read("clip_boxes.bin");
    Tracker tracker = new Tracker(model, TrackerSettings.forModel(model.description()));
    int count = clip.getJSONArray("found").length();
    int joints = model.description().numJoints();
    int length = 3 * height * width;
    int found = 0;
    List<Double> differences = new ArrayList<>();
    double confident = 0;
    for (int t = 0; t < count; t++) {
      byte[] rgb = java.util.Arrays.copyOfRange(frames, t * length, (t + 1) * length);
      Pose pose = tracker.update(new Frame(height, width, rgb), t / 30.0);
      assertEquals(clip.getJSONArray("found").getBoolean(t), pose.found, "found in frame " + t);
      boolean restarted = clip.getJSONArray("restarted").getBoolean(t);
      assertEquals(restarted, pose.restarted, "restarted in frame " + t);
      found += pose.found ? 1 : 0;
      for (int k = 0; pose.found && k < joints; k++) {
        int joint = t * joints + k;
        if (scores[joint] < VISIBLE) {
          continue;
        }
        double dx = keypoints[2 * joint] - pose.keypoints[k][0];
        double dy = keypoints[2 * joint + 1] - pose.keypoints[k][1];
        differences.add(Math.hypot(dx, dy));
        confident = Math.max(confident, scores[joint] < CONFIDENT ? 0 : Math.hypot(dx, dy));
      }
      for (int side = 0; pose.found && side < 4; side++) {
        assertEquals(boxes[4 * t + side], pose.box[side], PIXELS, "box in frame " + t);
      }
    }
    Collections.sort(differences);
    double median = differences.get(differences.size() / 2);
    double worst = differences.get(differences.size() - 1);
    System.out.printf(
        "the tracker with the model in Java: person found in %d of %d frames, joints differ by "
            + "%.2g (median), %.2g (confident), %.2g (all) px%n",
        found, count, median, confident, worst);
    assertTrue(found > count / 2 && found < count, "found in " + found + " frames");
    assertTrue(median <= MEDIAN_PIXELS, "median of the differences " + median);
    assertTrue(confident <= CONFIDENT_PIXELS, "difference of a confident joint " + confident);
    assertTrue(worst <= PIXELS, "largest difference " + worst);
  }

  private NativeModel load() throws Exception {
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(Paths.get(System.getProperty("file"))));
    ModelDescription description =
        ModelDescription.parse(Metadata.read(file, Metadata.DESCRIPTION));
    return new NativeModel(TfLite.load(), folder, json("description.json"), description);
  }

  private JSONObject json(String name) throws Exception {
    byte[] text = Files.readAllBytes(folder.resolve(name));
    return new JSONObject(new String(text, StandardCharsets.UTF_8));
  }

  private static double difference(float[] all, int index, float[] values) {
    double worst = 0;
    double highest = 0;
    for (int at = 0; at < values.length; at++) {
      double expected = all[index * values.length + at];
      worst = Math.max(worst, Math.abs(expected - values[at]));
      highest = Math.max(highest, Math.abs(expected));
    }
    assertTrue(highest > 10 * TOLERANCE, "heatmaps are nearly 0");
    return worst;
  }

  private float[] read(String name) throws IOException {
    byte[] bytes = Files.readAllBytes(folder.resolve(name));
    FloatBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer();
    float[] values = new float[buffer.remaining()];
    buffer.get(values);
    return values;
  }
}

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
  private static final double PIXELS = 0.05; // rounding of both runtimes, fed back frame by frame
  private static final float VISIBLE = 0.2f;
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
    double worst = 0;
    for (int t = 0; t < count; t++) {
      byte[] rgb = java.util.Arrays.copyOfRange(frames, t * length, (t + 1) * length);
      Pose pose = tracker.update(new Frame(height, width, rgb), t / 30.0);
      assertEquals(clip.getJSONArray("found").getBoolean(t), pose.found, "found in frame " + t);
      boolean restarted = clip.getJSONArray("restarted").getBoolean(t);
      assertEquals(restarted, pose.restarted, "restarted in frame " + t);
      found += pose.found ? 1 : 0;
      for (int k = 0; pose.found && k < joints; k++) {
        if (scores[t * joints + k] < VISIBLE) {
          continue;
        }
        for (int axis = 0; axis < 2; axis++) {
          float expected = keypoints[2 * (t * joints + k) + axis];
          worst = Math.max(worst, Math.abs(expected - pose.keypoints[k][axis]));
        }
      }
      for (int side = 0; pose.found && side < 4; side++) {
        worst = Math.max(worst, Math.abs(boxes[4 * t + side] - pose.box[side]));
      }
    }
    System.out.printf(
        "the tracker with the model in Java: person found in %d of %d frames, largest difference "
            + "%.2g px%n",
        found, count, worst);
    assertTrue(found > count / 2 && found < count, "found in " + found + " frames");
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

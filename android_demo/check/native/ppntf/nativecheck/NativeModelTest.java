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

class NativeModelTest {
  private static final double TOLERANCE = 1e-3;
  private final Path folder = Paths.get(System.getProperty("model"));

  @Test
  void heatmapsAreThoseOfPython() throws Exception {
    ByteBuffer file = ByteBuffer.wrap(Files.readAllBytes(Paths.get(System.getProperty("file"))));
    ModelDescription description =
        ModelDescription.parse(Metadata.read(file, Metadata.DESCRIPTION));
    byte[] json = Files.readAllBytes(folder.resolve("description.json"));
    JSONObject order = new JSONObject(new String(json, StandardCharsets.UTF_8));
    TfLite library = TfLite.load();
    NativeModel model = new NativeModel(library, folder, order, description);
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
        library.TfLiteVersion(), worst, count);
    assertTrue(worst <= TOLERANCE, "largest difference " + worst);
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

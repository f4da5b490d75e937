package ppntf.inference;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.json.JSONArray;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;

class MetadataTest {
  private static final String TEXT = "{\"a\": \"\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\"}";

  @TestFactory
  Stream<DynamicTest> fieldsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "metadata",
        golden -> {
          ByteBuffer file = ByteBuffer.wrap(Golden.bytes(golden.get("file")));
          String text = Metadata.read(file, Metadata.DESCRIPTION);
          if (golden.isNull("fields")) {
            assertNull(text);
            return;
          }
          check(golden.getJSONObject("fields"), ModelDescription.parse(text));
        });
  }

  private static void check(JSONObject fields, ModelDescription description) throws Exception {
    int[] size = {description.step.height, description.step.width};
    int[] startSize = {description.start.height, description.start.width};
    int[] heatmapSize = {description.heatmapHeight, description.heatmapWidth};
    assertArrayEquals(Golden.ints(fields.get("size")), size);
    assertArrayEquals(Golden.ints(fields.get("start_size")), startSize);
    assertArrayEquals(Golden.ints(fields.get("heatmap_size")), heatmapSize);
    assertEquals(fields.getDouble("margin"), description.step.margin);
    assertEquals(fields.getDouble("start_margin"), description.start.margin);
    assertEquals(fields.getInt("stride"), description.stride());
    assertEquals(fields.getBoolean("steady_crops"), description.steadyCrops);
    assertEquals(fields.isNull("readout") ? "" : fields.getString("readout"), description.readout);
    boolean unknown = fields.isNull("restart_score");
    double score = unknown ? Double.NaN : fields.getDouble("restart_score");
    assertEquals(score, description.restartScore);
    assertEquals(fields.getDouble("refresh_after"), description.refreshAfter);
    JSONArray names = fields.getJSONArray("joint_names");
    assertEquals(names.length(), description.numJoints());
    for (int k = 0; k < names.length(); k++) {
      assertEquals(names.getString(k), description.skeleton.jointNames[k]);
    }
    int[] limbs = Arrays.stream(description.skeleton.limbs).flatMapToInt(Arrays::stream).toArray();
    assertArrayEquals(Golden.ints(fields.get("limbs")), limbs);
  }

  @Test
  void archivesOfOtherWritersAreRead() throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    file.write(new byte[1000]);
    // Offsets of this writer count from the start of the archive, and lengths follow the data.
    try (ZipOutputStream archive = new ZipOutputStream(file)) {
      for (String name : new String[] {"other.txt", "ppn_tf.json"}) {
        archive.putNextEntry(new ZipEntry(name));
        archive.write(TEXT.getBytes(StandardCharsets.UTF_8));
        archive.closeEntry();
      }
    }
    assertEquals(TEXT, Metadata.read(ByteBuffer.wrap(file.toByteArray()), "ppn_tf.json"));
    assertNull(Metadata.read(ByteBuffer.wrap(file.toByteArray()), "missing.json"));
  }

  @Test
  void damagedFilesGiveOneErrorAndNoOther() throws Exception {
    ByteArrayOutputStream file = new ByteArrayOutputStream();
    try (ZipOutputStream archive = new ZipOutputStream(file)) {
      archive.putNextEntry(new ZipEntry("ppn_tf.json"));
      archive.write(TEXT.getBytes(StandardCharsets.UTF_8));
      archive.closeEntry();
    }
    byte[] bytes = file.toByteArray();
    int refused = 0;
    for (int at = 0; at < bytes.length; at++) {
      for (int change : new int[] {1, 64, 128, 255}) {
        byte[] damaged = bytes.clone();
        damaged[at] ^= (byte) change;
        try {
          String text = Metadata.read(ByteBuffer.wrap(damaged), "ppn_tf.json");
          // Bytes that the reader ignores, such as times.
          assertTrue(text == null || text.equals(TEXT), "byte " + at);
        } catch (IllegalArgumentException error) {
          assertTrue(error.getMessage().contains("damaged"), error.getMessage());
          refused++;
        }
      }
    }
    assertTrue(refused > bytes.length, "only " + refused + " changes were noticed");
    for (int length = 0; length < bytes.length; length++) {
      assertNull(Metadata.read(ByteBuffer.wrap(bytes, 0, length).slice(), "ppn_tf.json"));
    }
  }

  @Test
  void unusableDescriptionsAreRefused() {
    String[] texts = {
      "", "[]", "{}", "{\"frame\": {\"size\": [192, 192], \"box_margin\": 1.25}}",
      description("[192, 192]", "0", "[48, 48]"), description("[192]", "1.25", "[48, 48]"),
      description("[190, 192]", "1.25", "[48, 48]"), description("[192, 96]", "1.25", "[48, 48]"),
      description("[0, 192]", "1.25", "[48, 48]"),
      description("[192, 192]", "1.25}, \"readout\": \"x\", \"z\": {\"y\": 1", "[48, 48]"),
      description("[192, 192]", "1.25}, \"restart_score\": 2, \"z\": {\"y\": 1", "[48, 48]")
    };
    for (String text : texts) {
      assertThrows(IllegalArgumentException.class, () -> ModelDescription.parse(text), text);
    }
    assertEquals(4, ModelDescription.parse(description("[192, 96]", "1.25", "[48, 24]")).stride());
  }

  private static String description(String size, String margin, String heatmaps) {
    return "{\"frame\": {\"size\": " + size + ", \"box_margin\": " + margin + "}, \"heatmaps\": "
        + "{\"size\": " + heatmaps + "}, \"skeleton\": {\"name\": \"x\", \"joint_names\": [\"a\"], "
        + "\"limbs\": []}}";
  }
}

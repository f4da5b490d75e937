package ppntf.golden;

import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;
import java.util.zip.Inflater;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;
import org.junit.jupiter.api.DynamicTest;
import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.Frame;

/** Golden vectors: inputs and results of the Python package. */
public final class Golden {
  private Golden() {}

  /** Test of one case. */
  public interface Check {
    /** Compares the results of a case. */
    void run(JSONObject golden) throws Exception;
  }

  /** Returns a test for each case of a file; there is at least one. */
  public static Stream<DynamicTest> cases(String rule, Check check) throws Exception {
    String folder = System.getProperty("golden");
    if (folder == null) {
      throw new IllegalStateException("no -Dgolden=DIR. Give the folder of the golden vectors.");
    }
    Path path = Paths.get(folder, rule + ".json");
    String text = new String(Files.readAllBytes(path), StandardCharsets.UTF_8);
    JSONArray cases = new JSONObject(text).getJSONArray("cases");
    if (cases.length() == 0) {
      throw new IllegalStateException(path + " has no cases.");
    }
    List<DynamicTest> tests = new ArrayList<>();
    for (int index = 0; index < cases.length(); index++) {
      JSONObject golden = cases.getJSONObject(index);
      tests.add(dynamicTest(golden.getString("name"), () -> check.run(golden)));
    }
    return tests.stream();
  }

  /** Returns the shape of an array, of nested lists or in base64. */
  public static int[] shape(Object value) throws JSONException {
    if (value instanceof JSONObject) {
      return ints(((JSONObject) value).get("shape"));
    }
    List<Integer> sides = new ArrayList<>();
    for (Object at = value; at instanceof JSONArray; ) {
      JSONArray list = (JSONArray) at;
      sides.add(list.length());
      at = list.length() == 0 ? null : list.get(0);
    }
    return sides.stream().mapToInt(Integer::intValue).toArray();
  }

  /** Returns the values of an array in any form, flat. */
  public static double[] doubles(Object value) throws JSONException {
    if (value instanceof JSONObject) {
      return decoded((JSONObject) value);
    }
    List<Double> values = new ArrayList<>();
    collect(value, values);
    return values.stream().mapToDouble(Double::doubleValue).toArray();
  }

  public static float[] floats(Object value) throws JSONException {
    double[] values = doubles(value);
    float[] result = new float[values.length];
    for (int index = 0; index < values.length; index++) {
      result[index] = (float) values[index];
    }
    return result;
  }

  public static int[] ints(Object value) throws JSONException {
    double[] values = doubles(value);
    int[] result = new int[values.length];
    for (int index = 0; index < values.length; index++) {
      result[index] = (int) values[index];
    }
    return result;
  }

  public static byte[] bytes(Object value) throws JSONException {
    double[] values = doubles(value);
    byte[] result = new byte[values.length];
    for (int index = 0; index < values.length; index++) {
      result[index] = (byte) (int) values[index];
    }
    return result;
  }

  /** Returns points [K][2]. */
  public static float[][] points(Object value) throws JSONException {
    float[] values = floats(value);
    float[][] result = new float[values.length / 2][];
    for (int k = 0; k < result.length; k++) {
      result[k] = new float[] {values[2 * k], values[2 * k + 1]};
    }
    return result;
  }

  public static FloatImage image(Object value) throws JSONException {
    int[] shape = shape(value);
    return new FloatImage(shape[0], shape[1], shape[2], floats(value));
  }

  public static Frame frame(Object value) throws JSONException {
    int[] shape = shape(value);
    return new Frame(shape[0], shape[1], bytes(value));
  }

  /** Returns the frames of a clip [T, H, W, 3]. */
  public static List<Frame> frames(Object value) throws JSONException {
    int[] shape = shape(value);
    byte[] all = bytes(value);
    int length = shape[1] * shape[2] * 3;
    List<Frame> frames = new ArrayList<>();
    for (int t = 0; t < shape[0]; t++) {
      byte[] rgb = java.util.Arrays.copyOfRange(all, t * length, (t + 1) * length);
      frames.add(new Frame(shape[1], shape[2], rgb));
    }
    return frames;
  }

  /** Returns an upright affine [2, 3]. */
  public static Affine affine(Object value) throws JSONException {
    double[] values = doubles(value);
    if (values[0] != values[4] || values[1] != 0 || values[3] != 0) {
      throw new IllegalArgumentException("not an upright affine");
    }
    return new Affine(values[0], values[2], values[5]);
  }

  private static void collect(Object value, List<Double> values) throws JSONException {
    if (value instanceof JSONArray) {
      JSONArray list = (JSONArray) value;
      for (int index = 0; index < list.length(); index++) {
        collect(list.get(index), values);
      }
    } else if (value instanceof JSONObject) {
      for (double number : decoded((JSONObject) value)) {
        values.add(number);
      }
    } else {
      values.add(((Number) value).doubleValue());
    }
  }

  private static double[] decoded(JSONObject array) throws JSONException {
    byte[] content = Base64.getDecoder().decode(array.getString("base64"));
    if (array.optString("encoding").equals("zlib+base64")) {
      content = inflated(content);
    }
    ByteBuffer buffer = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
    boolean single = array.getString("dtype").equals("float32");
    double[] values = new double[single ? content.length / 4 : content.length];
    for (int index = 0; index < values.length; index++) {
      values[index] = single ? buffer.getFloat() : buffer.get() & 255;
    }
    return values;
  }

  private static byte[] inflated(byte[] packed) {
    Inflater inflater = new Inflater();
    inflater.setInput(packed);
    ByteArrayOutputStream content = new ByteArrayOutputStream();
    byte[] part = new byte[1 << 16];
    try {
      while (!inflater.finished()) {
        content.write(part, 0, inflater.inflate(part));
      }
    } catch (java.util.zip.DataFormatException error) {
      throw new IllegalArgumentException(error);
    } finally {
      inflater.end();
    }
    return content.toByteArray();
  }
}

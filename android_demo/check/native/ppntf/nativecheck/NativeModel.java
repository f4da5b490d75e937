package ppntf.nativecheck;

import com.sun.jna.Pointer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;
import ppntf.inference.ModelDescription;
import ppntf.inference.PoseModel;
import ppntf.inference.StepHeatmaps;
import ppntf.keypoints.FloatImage;

/** Network in TensorFlow Lite's C library, with one file for each signature. */
final class NativeModel implements PoseModel {
  private final ModelDescription description;
  private final Signature start;
  private final Signature step;

  /**
   * Loads both files.
   *
   * @param folder what model_reference.py wrote
   * @param order content of its description.json
   */
  NativeModel(TfLite library, Path folder, JSONObject order, ModelDescription description)
      throws JSONException {
    this.description = description;
    this.start = new Signature(library, folder.resolve("start.tflite"), order, "start");
    this.step = new Signature(library, folder.resolve("step.tflite"), order, "step");
  }

  @Override
  public ModelDescription description() {
    return description;
  }

  @Override
  public FloatImage start(FloatImage crop) {
    Map<String, float[]> inputs = new LinkedHashMap<>();
    inputs.put("frame", crop.values);
    return maps(start.run(inputs, cells()).get("heatmaps"));
  }

  @Override
  public StepHeatmaps step(FloatImage crop, FloatImage previous) {
    Map<String, float[]> inputs = new LinkedHashMap<>();
    inputs.put("frame", crop.values);
    inputs.put("previous", previous.values);
    Map<String, float[]> outputs = step.run(inputs, cells());
    return new StepHeatmaps(maps(outputs.get("heatmaps")), maps(outputs.get("preliminary")));
  }

  private int cells() {
    return description.heatmapHeight * description.heatmapWidth * description.numJoints();
  }

  private FloatImage maps(float[] values) {
    return new FloatImage(
        description.heatmapHeight, description.heatmapWidth, description.numJoints(), values);
  }

  /** Interpreter of one signature. */
  private static final class Signature {
    private final TfLite library;
    private final Pointer interpreter;
    private final JSONArray inputNames;
    private final JSONArray outputNames;

    Signature(TfLite library, Path file, JSONObject order, String name) throws JSONException {
      this.library = library;
      Pointer model = library.TfLiteModelCreateFromFile(file.toString());
      Pointer options = library.TfLiteInterpreterOptionsCreate();
      library.TfLiteInterpreterOptionsSetNumThreads(options, 1);
      interpreter = model == null ? null : library.TfLiteInterpreterCreate(model, options);
      if (interpreter == null) {
        throw new IllegalStateException(file + " cannot be loaded");
      }
      check(library.TfLiteInterpreterAllocateTensors(interpreter), "allocate");
      inputNames = order.getJSONObject(name).getJSONArray("inputs");
      outputNames = order.getJSONObject(name).getJSONArray("outputs");
    }

    Map<String, float[]> run(Map<String, float[]> inputs, int outputLength) {
      for (int index = 0; index < inputNames.length(); index++) {
        float[] values = inputs.get(inputNames.optString(index));
        Pointer tensor = library.TfLiteInterpreterGetInputTensor(interpreter, index);
        check(library.TfLiteTensorCopyFromBuffer(tensor, values, 4L * values.length), "input");
      }
      check(library.TfLiteInterpreterInvoke(interpreter), "invoke");
      Map<String, float[]> outputs = new LinkedHashMap<>();
      for (int index = 0; index < outputNames.length(); index++) {
        float[] values = new float[outputLength];
        Pointer tensor = library.TfLiteInterpreterGetOutputTensor(interpreter, index);
        check(library.TfLiteTensorCopyToBuffer(tensor, values, 4L * outputLength), "output");
        outputs.put(outputNames.optString(index), values);
      }
      return outputs;
    }

    private static void check(int status, String what) {
      if (status != 0) {
        throw new IllegalStateException(what + ": status " + status);
      }
    }
  }
}

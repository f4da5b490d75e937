package ppntf.golden;

import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;
import ppntf.inference.ModelDescription;
import ppntf.inference.PoseModel;
import ppntf.inference.StepHeatmaps;
import ppntf.keypoints.FloatImage;

/** Network without weights of the golden clips, which finds joints by their colors. */
public final class ReferenceModel implements PoseModel {
  private final ModelDescription description;
  private final double[] colors;
  private final double reach;
  private final double newest;

  /**
   * Creates the network of a clip.
   *
   * @param model entry "model" of the clip
   * @param settings entry "settings" of the clip
   */
  public ReferenceModel(JSONObject model, JSONObject settings) throws JSONException {
    colors = Golden.doubles(model.get("colors"));
    reach = model.getDouble("reach");
    newest = model.getDouble("newest");
    JSONObject frame = new JSONObject();
    frame.put("size", model.get("size"));
    frame.put("box_margin", settings.getDouble("margin"));
    frame.put("steady_crops", settings.getBoolean("steady_crops"));
    JSONObject skeleton = new JSONObject();
    skeleton.put("name", "reference");
    skeleton.put("joint_names", model.get("joint_names"));
    skeleton.put("limbs", new JSONArray());
    JSONObject json = new JSONObject();
    json.put("frame", frame);
    json.put("heatmaps", new JSONObject().put("size", model.get("heatmap_size")));
    json.put("readout", model.get("readout"));
    json.put("skeleton", skeleton);
    if (model.has("start")) {
      json.put("start", new JSONObject().put("frame", startFrame(model.getJSONObject("start"))));
    }
    description = ModelDescription.parse(json.toString());
  }

  @Override
  public ModelDescription description() {
    return description;
  }

  @Override
  public FloatImage start(FloatImage crop) {
    return findColors(crop, description.startStride());
  }

  @Override
  public StepHeatmaps step(FloatImage crop, FloatImage previous) {
    FloatImage preliminary = findColors(crop, description.stride());
    FloatImage sum = new FloatImage(previous.height, previous.width, previous.channels);
    for (int index = 0; index < sum.values.length; index++) {
      double value = newest * preliminary.values[index] + (1 - newest) * previous.values[index];
      sum.values[index] = (float) value;
    }
    return new StepHeatmaps(sum, description.readout.equals("present") ? preliminary : null);
  }

  private static JSONObject startFrame(JSONObject start) throws JSONException {
    JSONObject frame = start.has("frame") ? start.getJSONObject("frame") : start;
    JSONObject result = new JSONObject().put("size", frame.get("size"));
    return result.put("box_margin", frame.get(frame.has("margin") ? "margin" : "box_margin"));
  }

  private FloatImage findColors(FloatImage crop, int stride) {
    int joints = colors.length / 3;
    FloatImage maps =
        new FloatImage(description.heatmapHeight, description.heatmapWidth, joints);
    for (int row = 0; row < maps.height; row++) {
      for (int column = 0; column < maps.width; column++) {
        double[] mean = new double[3];
        for (int pixel = 0; pixel < stride * stride; pixel++) {
          int y = row * stride + pixel / stride;
          int x = column * stride + pixel % stride;
          for (int channel = 0; channel < 3; channel++) {
            mean[channel] += crop.values[3 * (y * crop.width + x) + channel];
          }
        }
        for (int k = 0; k < joints; k++) {
          double squares = 0;
          for (int channel = 0; channel < 3; channel++) {
            double difference = mean[channel] / (stride * stride) - colors[3 * k + channel];
            squares += difference * difference;
          }
          double value = Math.max(0, 1 - Math.sqrt(squares) / reach);
          maps.values[(row * maps.width + column) * joints + k] = (float) value;
        }
      }
    }
    return maps;
  }
}

package ppntf.inference;

import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;
import ppntf.keypoints.Skeleton;

/** Sizes, crops and joints of a network, as its file describes them. */
public final class ModelDescription {
  private static final String RESTART_SCORE = "restart_score";
  private static final double LONGEST_REFRESH = 3600; // seconds

  /** Crops that HeadNet takes. */
  public final CropRule start;
  /** Crops that a step takes. */
  public final CropRule step;
  public final int heatmapHeight;
  public final int heatmapWidth;
  /** Whether the previous heatmaps must move along with the crop. */
  public final boolean steadyCrops;
  /** "present", "answer", or empty where the file does not say. */
  public final String readout;
  /** Mean score below which a person is lost; NaN where the file does not say. */
  public final double restartScore;
  /** Seconds since HeadNet's last look at which it refreshes the previous heatmaps; 0: never. */
  public final double refreshAfter;
  public final Skeleton skeleton;

  private ModelDescription(
      CropRule start, CropRule step, int[] heatmapSize, JSONObject json, Skeleton skeleton)
      throws JSONException {
    this.start = start;
    this.step = step;
    this.heatmapHeight = heatmapSize[0];
    this.heatmapWidth = heatmapSize[1];
    this.steadyCrops = json.getJSONObject("frame").optBoolean("steady_crops");
    this.readout = json.isNull("readout") ? "" : json.getString("readout");
    this.restartScore =
        json.isNull(RESTART_SCORE) ? Double.NaN : json.getDouble(RESTART_SCORE);
    this.refreshAfter = json.isNull("refresh_after") ? 0 : json.getDouble("refresh_after");
    this.skeleton = skeleton;
  }

  /**
   * Reads a description.
   *
   * @throws IllegalArgumentException if an entry is missing or unusable
   */
  public static ModelDescription parse(String text) {
    try {
      JSONObject json = new JSONObject(text);
      CropRule step = readCrop(json.getJSONObject("frame"));
      JSONObject start = json.optJSONObject("start");
      JSONObject heatmaps = json.getJSONObject("heatmaps");
      ModelDescription description =
          new ModelDescription(
              start == null ? step : readCrop(start.getJSONObject("frame")),
              step,
              readSize(heatmaps.getJSONArray("size")),
              json,
              Skeleton.fromJson(json.getJSONObject("skeleton")));
      description.check();
      return description;
    } catch (JSONException error) {
      throw damaged(error.getMessage());
    }
  }

  /** Returns S, the pixels of a step's crop per cell. */
  public int stride() {
    return step.height / heatmapHeight;
  }

  /** Returns the pixels of a start's crop per cell. */
  public int startStride() {
    return start.height / heatmapHeight;
  }

  public int numJoints() {
    return skeleton.jointNames.length;
  }

  private void check() {
    if (!readout.isEmpty() && !readout.equals("answer") && !readout.equals("present")) {
      throw damaged("readout " + readout);
    }
    if (restartScore < 0 || restartScore > 1) {
      throw damaged("restart_score " + restartScore);
    }
    if (!(refreshAfter >= 0 && refreshAfter <= LONGEST_REFRESH)) {
      throw damaged("refresh_after " + refreshAfter);
    }
    for (CropRule rule : new CropRule[] {start, step}) {
      boolean whole = rule.height % heatmapHeight == 0 && rule.width % heatmapWidth == 0;
      if (!whole || rule.height / heatmapHeight != rule.width / heatmapWidth) {
        throw damaged(
            "crops of " + rule.width + "x" + rule.height + " pixels do not fit heatmaps of "
                + heatmapWidth + "x" + heatmapHeight + " cells");
      }
    }
  }

  private static CropRule readCrop(JSONObject frame) throws JSONException {
    int[] size = readSize(frame.getJSONArray("size"));
    double margin = frame.getDouble("box_margin");
    if (!(margin >= 0.1 && margin <= 10)) {
      throw damaged("box_margin=" + margin + ", expected 0.1 to 10");
    }
    return new CropRule(size[0], size[1], margin);
  }

  private static int[] readSize(JSONArray size) throws JSONException {
    int height = size.getInt(0);
    int width = size.getInt(1);
    if (height < 1 || width < 1 || height > 4096 || width > 4096) {
      throw damaged("size [" + height + ", " + width + "], expected 1 to 4096");
    }
    return new int[] {height, width};
  }

  private static IllegalArgumentException damaged(String reason) {
    return new IllegalArgumentException(
        "the model's description is damaged (" + reason + "). Export the network again.");
  }
}

package ppntf.keypoints;

import org.json.JSONArray;
import org.json.JSONException;
import org.json.JSONObject;

/** Joints of a person: their names, and the limbs that a drawing connects. */
public final class Skeleton {
  public final String name;
  public final String[] jointNames;
  /** (i, j) of the joints at the ends of each limb. */
  public final int[][] limbs;

  public Skeleton(String name, String[] jointNames, int[][] limbs) {
    this.name = name;
    this.jointNames = jointNames;
    this.limbs = limbs;
  }

  /**
   * Reads a skeleton.
   *
   * @throws JSONException if an entry is missing, or a limb names a joint that does not exist
   */
  public static Skeleton fromJson(JSONObject definition) throws JSONException {
    JSONArray names = definition.getJSONArray("joint_names");
    String[] jointNames = new String[names.length()];
    for (int k = 0; k < jointNames.length; k++) {
      jointNames[k] = names.getString(k);
    }
    JSONArray pairs = definition.getJSONArray("limbs");
    int[][] limbs = new int[pairs.length()][2];
    for (int limb = 0; limb < limbs.length; limb++) {
      for (int end = 0; end < 2; end++) {
        int joint = pairs.getJSONArray(limb).getInt(end);
        if (joint < 0 || joint >= jointNames.length) {
          throw new JSONException("joint " + joint + " of a skeleton of " + jointNames.length);
        }
        limbs[limb][end] = joint;
      }
    }
    return new Skeleton(definition.getString("name"), jointNames, limbs);
  }
}

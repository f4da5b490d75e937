package ppntf.frames;

import java.io.IOException;
import java.io.Writer;
import org.json.JSONObject;
import ppntf.keypoints.Pose;
import ppntf.keypoints.Skeleton;

/** Table of joints: a JSON object per frame and line, as `ppn-tf track --output_jsonl` writes. */
public final class JointLines {
  private final Writer writer;
  private final Skeleton skeleton;
  private int index;

  public JointLines(Writer writer, Skeleton skeleton) {
    this.writer = writer;
    this.skeleton = skeleton;
  }

  /** Returns how many frames were written. */
  public int count() {
    return index;
  }

  /**
   * Writes the pose of a frame, and passes it on.
   *
   * @param frame number of the frame in the source, from 0
   * @param time time of the frame in seconds
   */
  public void add(long frame, double time, Pose pose) throws IOException {
    StringBuilder line = new StringBuilder();
    line.append("{\"index\": ").append(index).append(", \"frame\": ").append(frame);
    line.append(", \"time\": ").append(rounded(time, 1e6));
    line.append(", \"people\": [{\"track_id\": 1, \"keypoints\": {");
    for (int k = 0; k < pose.scores.length; k++) {
      line.append(k == 0 ? "" : ", ").append(JSONObject.quote(skeleton.jointNames[k]));
      line.append(": [").append(rounded(pose.keypoints[k][0], 1e3));
      line.append(", ").append(rounded(pose.keypoints[k][1], 1e3));
      line.append(", ").append(rounded(pose.scores[k], 1e3)).append(']');
    }
    line.append("}, \"box\": [");
    for (int side = 0; side < 4; side++) {
      line.append(side == 0 ? "" : ", ").append(rounded(pose.box[side], 1e2));
    }
    line.append("], \"score\": ").append(rounded(pose.confidence(), 1e3));
    line.append(", \"found\": ").append(pose.found).append("}]}\n");
    writer.write(line.toString());
    writer.flush();
    index++;
  }

  private static double rounded(double value, double parts) {
    return Math.rint(value * parts) / parts;
  }
}

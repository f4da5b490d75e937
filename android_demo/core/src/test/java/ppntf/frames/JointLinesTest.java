package ppntf.frames;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.StringWriter;
import org.json.JSONObject;
import org.junit.jupiter.api.Test;
import ppntf.keypoints.Pose;
import ppntf.keypoints.Skeleton;

class JointLinesTest {
  @Test
  void linesAreThoseOfPython() throws Exception {
    Skeleton skeleton = new Skeleton("x", new String[] {"head", "right \"hand\""}, new int[0][]);
    StringWriter text = new StringWriter();
    JointLines lines = new JointLines(text, skeleton);
    float[][] keypoints = {{1.23456f, -2}, {100.0005f, 0.25f}};
    float[] box = {0, 0.125f, 10.5f, 20.999f};
    lines.add(7, 0.3333333, new Pose(keypoints, new float[] {0.5f, 0.25f}, box, true, false));
    lines.add(9, 0.4, new Pose(keypoints, new float[] {0, 0}, box, false, false));
    assertEquals(2, lines.count());
    String[] rows = text.toString().split("\n");
    assertEquals(2, rows.length);
    // Written by ppn_tf.tracking.output.tables.JsonLines for the same pose.
    assertEquals(
        "{\"index\": 0, \"frame\": 7, \"time\": 0.333333, \"people\": [{\"track_id\": 1, "
            + "\"keypoints\": {\"head\": [1.235, -2.0, 0.5], \"right \\\"hand\\\"\": "
            + "[100.001, 0.25, 0.25]}, \"box\": [0.0, 0.12, 10.5, 21.0], \"score\": 0.375, "
            + "\"found\": true}]}",
        rows[0]);
    JSONObject person = new JSONObject(rows[1]).getJSONArray("people").getJSONObject(0);
    assertFalse(person.getBoolean("found"));
  }
}

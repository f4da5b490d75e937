package ppntf.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;
import ppntf.keypoints.Frame;

class CutDetectorTest {
  @TestFactory
  Stream<DynamicTest> cutsAreThoseOfPython() throws Exception {
    return Golden.cases(
        "cuts",
        golden -> {
          CutDetector detector = new CutDetector();
          List<Frame> frames = Golden.frames(golden.get("frames"));
          int[] expected = Golden.ints(golden.get("thumbnails"));
          int tolerance = golden.getInt("thumbnail_tolerance");
          for (int t = 0; t < frames.size(); t++) {
            int[] thumbnail = Thumbnail.make(frames.get(t));
            for (int index = 0; index < thumbnail.length; index++) {
              int level = expected[t * thumbnail.length + index];
              assertEquals(level, thumbnail[index], tolerance, "frame " + t + " at " + index);
            }
            boolean isCut = detector.isCut(frames.get(t), golden.getDouble("period"));
            assertEquals(golden.getJSONArray("is_cut").getBoolean(t), isCut, "frame " + t);
          }
        });
  }
}

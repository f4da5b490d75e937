package ppntf.tracking;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import ppntf.golden.Golden;

class PresenceTest {
  @TestFactory
  Stream<DynamicTest> evidenceIsThatOfPython() throws Exception {
    return Golden.cases(
        "evidence",
        golden -> {
          double evidence =
              Presence.evidence(
                  Golden.floats(golden.get("scores")),
                  golden.getDouble("whole_score"),
                  golden.getDouble("part_score"),
                  golden.getDouble("min_score"));
          assertEquals(golden.getDouble("evidence"), evidence, 1e-6);
        });
  }
}

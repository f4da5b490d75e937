package ppntf.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;

/** Comparison of arrays within a tolerance. */
public final class Close {
  private Close() {}

  /** Fails at the first value that differs by more than a tolerance. */
  public static void assertClose(float[] expected, float[] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, what + ": number of values");
    for (int index = 0; index < expected.length; index++) {
      assertEquals(expected[index], actual[index], (float) tolerance, what + "[" + index + "]");
    }
  }

  /** Compares points [K][2]. */
  public static void assertClose(
      float[][] expected, float[][] actual, double tolerance, String what) {
    assertEquals(expected.length, actual.length, what + ": number of points");
    for (int k = 0; k < expected.length; k++) {
      assertClose(expected[k], actual[k], tolerance, what + "[" + k + "]");
    }
  }
}

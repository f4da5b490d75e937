package ppntf.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class ClockTest {
  @Test
  void timesThatAreNotLaterCountAsOnePeriod() {
    Clock clock = new Clock();
    double[] times = {5, 5.5, 5.5, 2, 2.25};
    double[] periods = {1 / 30.0, 0.5, 1 / 30.0, 1 / 30.0, 0.25};
    for (int t = 0; t < times.length; t++) {
      assertEquals(periods[t], clock.tick(times[t]), 1e-12);
    }
    assertThrows(IllegalArgumentException.class, () -> clock.tick(Double.NaN));
  }

  @Test
  void limitsEndAtTheNearestFrame() {
    assertFalse(FrameTimes.isOver(0, 0, 0.1));
    assertFalse(FrameTimes.isOver(0.1, 0.17, 0.1));
    assertTrue(FrameTimes.isOver(0.2, 0.17, 0.1));
    assertTrue(FrameTimes.isOver(0.125, 0.17, 0.1));
  }
}

package ppntf.frames;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class StatisticsTest {
  @Test
  void quantilesAreThoseOfTheLatestCalls() {
    LatencyStatistics statistics = new LatencyStatistics(5);
    assertTrue(Double.isNaN(statistics.quantile(0.5)));
    for (double milliseconds : new double[] {900, 800, 7, 3, 9, 5, 1}) {
      statistics.add(milliseconds);
    }
    assertEquals(5, statistics.quantile(0.5), 1e-12);
    assertEquals(1, statistics.quantile(0), 1e-12);
    assertEquals(9, statistics.quantile(1), 1e-12);
    assertEquals(8.2, statistics.quantile(0.9), 1e-12); // numpy.quantile([7, 3, 9, 5, 1], 0.9)
    assertEquals(7, statistics.count());
    statistics.reset();
    statistics.add(4);
    assertEquals(4, statistics.quantile(0.9), 1e-12);
  }

  @Test
  void frameRatesFollowTheTimesOfFrames() {
    FrameRate rate = new FrameRate();
    assertEquals(0, rate.perSecond());
    for (int t = 0; t < 100; t++) {
      rate.add(t / 25.0);
    }
    assertEquals(25, rate.perSecond(), 1e-6);
    for (int t = 0; t < 300; t++) {
      rate.add(4 + t / 50.0);
    }
    assertEquals(50, rate.perSecond(), 0.1);
    rate.reset();
    assertEquals(0, rate.perSecond());
  }
}

package ppntf.inference;

import ppntf.frames.LatencyStatistics;
import ppntf.keypoints.FloatImage;

/** Network that measures its own latencies. */
public final class TimedModel implements PoseModel {
  private static final int LATEST = 60; // calls
  private static final double NANOSECONDS = 1e-6; // milliseconds

  /** Milliseconds of the latest calls of `start`. */
  public final LatencyStatistics startLatency = new LatencyStatistics(LATEST);
  /** Milliseconds of the latest calls of `step`. */
  public final LatencyStatistics stepLatency = new LatencyStatistics(LATEST);
  private final PoseModel model;

  public TimedModel(PoseModel model) {
    this.model = model;
  }

  @Override
  public ModelDescription description() {
    return model.description();
  }

  @Override
  public FloatImage start(FloatImage crop) {
    long begin = System.nanoTime();
    FloatImage maps = model.start(crop);
    startLatency.add((System.nanoTime() - begin) * NANOSECONDS);
    return maps;
  }

  @Override
  public StepHeatmaps step(FloatImage crop, FloatImage previous) {
    long begin = System.nanoTime();
    StepHeatmaps maps = model.step(crop, previous);
    stepLatency.add((System.nanoTime() - begin) * NANOSECONDS);
    return maps;
  }
}

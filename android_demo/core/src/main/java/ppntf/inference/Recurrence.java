package ppntf.inference;

import ppntf.keypoints.Affine;
import ppntf.keypoints.Dark;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.FrameCrops;
import ppntf.keypoints.Joints;

/**
 * Propagates one person's heatmaps from crop to crop and reads the joints.
 *
 * <p>The first frame passes twice: h_0 = start(I_1), and h_t = step(I_t, h_(t-1)) for t = 1, 2, ...
 * Stale heatmaps can be refreshed: step(I_t, (h_(t-1) + start(I_t)) / 2).
 */
public final class Recurrence {
  private final PoseModel model;
  private final boolean steadyCrops;
  private MovedHeatmaps previous;
  private PresentPlaces places;

  /**
   * Creates a recurrence without a clip; call `start` before `step`.
   *
   * @param steadyCrops whether h_(t-1) moves along with the crop, see MovedHeatmaps
   */
  public Recurrence(PoseModel model, boolean steadyCrops) {
    this.model = model;
    this.steadyCrops = steadyCrops;
  }

  /**
   * Starts a clip with HeadNet's heatmaps h_0; `step` takes a crop of the same frame next.
   *
   * @param crop crop of the start's size
   * @param startAffine from frame pixels to pixels of that crop
   * @param stepAffine from frame pixels to pixels of the crop that `step` takes next
   */
  public void start(FloatImage crop, Affine startAffine, Affine stepAffine) {
    FloatImage maps = initial(crop, startAffine, stepAffine);
    previous = new MovedHeatmaps(maps, stepAffine, model.description().stride());
    places = new PresentPlaces();
  }

  /** Returns HeadNet's heatmaps in the cells of `step`; takes the same as `start`. */
  public FloatImage initial(FloatImage crop, Affine startAffine, Affine stepAffine) {
    ModelDescription description = model.description();
    FloatImage maps = model.start(crop);
    if (description.start.sameAs(description.step)) {
      return maps;
    }
    return MovedHeatmaps.changeCrop(
        maps, startAffine, description.startStride(), stepAffine, description.stride());
  }

  /**
   * Computes h_t of the next crop and reads the joints.
   *
   * @param initial heatmaps of `initial` in the same crop, which refresh h_(t-1); null: none do
   * @return positions in frame pixels, and the highest values of h_t
   */
  public Joints step(FloatImage crop, Affine affine, double period, FloatImage initial) {
    if (previous == null) {
      throw new IllegalStateException("step() before start(): call start() with the first crop.");
    }
    int stride = model.description().stride();
    FloatImage maps = steadyCrops ? previous.moveTo(affine, period) : previous.maps();
    StepHeatmaps heatmaps = model.step(crop, initial == null ? maps : mean(maps, initial));
    previous.replace(heatmaps.finalMaps, affine, period);
    if (heatmaps.preliminary == null) {
      return read(heatmaps.finalMaps, affine, stride);
    }
    return places.read(heatmaps, affine, stride, period);
  }

  /** Reads the joints from HeadNet's heatmaps alone; the recurrence stays as it is. */
  public Joints look(FloatImage crop, Affine affine) {
    return read(model.start(crop), affine, model.description().startStride());
  }

  private static FloatImage mean(FloatImage first, FloatImage second) {
    FloatImage mean = new FloatImage(first.height, first.width, first.channels);
    for (int index = 0; index < mean.values.length; index++) {
      mean.values[index] = (first.values[index] + second.values[index]) / 2;
    }
    return mean;
  }

  private static Joints read(FloatImage maps, Affine affine, int stride) {
    Joints joints = Dark.decode(maps, stride);
    return new Joints(FrameCrops.toFrame(affine, joints.keypoints), joints.scores);
  }
}

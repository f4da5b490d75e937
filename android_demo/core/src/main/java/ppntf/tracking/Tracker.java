package ppntf.tracking;

import ppntf.inference.Clock;
import ppntf.inference.CropRule;
import ppntf.inference.FrameTimes;
import ppntf.inference.ModelDescription;
import ppntf.inference.PoseModel;
import ppntf.inference.Recurrence;
import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.Frame;
import ppntf.keypoints.Joints;
import ppntf.keypoints.Pose;

/**
 * Tracks the pose of one person.
 *
 * <p>Each frame is cropped about the last pose and passes through a Recurrence.
 */
public final class Tracker {
  /** Seconds between two searches for a lost person. */
  private static final double LONGEST_WAIT = 1.07;

  private final PoseModel model;
  private final TrackerSettings settings;
  private final PersonSearch search;
  private final CutDetector cutDetector = new CutDetector();
  private Clock clock;
  private double period;
  private float[] firstBox;
  private State state;

  public Tracker(PoseModel model, TrackerSettings settings) {
    this.model = model;
    this.settings = settings;
    this.search = new PersonSearch(model, settings);
    reset(null);
  }

  /**
   * Forgets the person; the next `update` starts a video.
   *
   * @param box x1, y1, x2, y2 of the person in its first frame, or null to search for them
   */
  public void reset(float[] box) {
    if (box != null) {
      Boxes.checkBox(box);
    }
    state = null;
    firstBox = box == null ? null : box.clone();
    cutDetector.reset();
    clock = new Clock();
    period = FrameTimes.PERIOD;
  }

  /** Makes HeadNet restart the recurrence with the next frame, in the box it would have had. */
  public void restart() {
    if (state != null) {
      firstBox = state.box;
      state = null;
    }
  }

  /** Returns the seconds since the person was last found. */
  public double lostFor() {
    return state == null ? 0 : state.lostFor;
  }

  /**
   * Returns the pose in the next frame.
   *
   * @param time time of the frame in seconds
   */
  public Pose update(Frame frame, double time) {
    period = clock.tick(time);
    boolean cut = settings.cuts && cutDetector.isCut(frame, period);
    if (state == null) {
      if (firstBox != null) {
        Boxes.checkWithin(firstBox, frame);
        return start(frame, firstBox);
      }
      return start(frame, search.find(frame).box);
    }
    if (cut) {
      Pose pose = search(frame);
      return pose != null ? pose : advance(frame);
    }
    boolean due = settings.restartEvery > 0 && state.age >= settings.restartEvery;
    if (due && state.lostFor == 0) {
      return start(frame, state.box);
    }
    Pose pose = advance(frame);
    if (FrameTimes.isOver(state.lostFor, state.searchAt, period)) {
      Pose elsewhere = search(frame);
      return elsewhere != null ? elsewhere : pose;
    }
    return pose;
  }

  /** Starts the recurrence in a box, and takes the first step. */
  private Pose start(Frame frame, float[] box) {
    Crops crops = new Crops(model.description(), frame, box);
    Recurrence recurrence = new Recurrence(model, model.description().steadyCrops);
    recurrence.start(crops.forStart(), crops.startAffine, crops.affine);
    state = new State(box, recurrence, settings.restartAfter);
    return step(frame, crops, null);
  }

  /** Takes the next step of the recurrence. */
  private Pose advance(Frame frame) {
    Crops crops = new Crops(model.description(), frame, state.box);
    FloatImage initial = null;
    state.unrefreshedFor += period;
    if (settings.refreshAfter > 0 && state.unrefreshedFor >= settings.refreshAfter) {
      state.unrefreshedFor = 0;
      initial = state.recurrence.initial(crops.forStart(), crops.startAffine, crops.affine);
    }
    return step(frame, crops, initial);
  }

  /** Takes a step of the recurrence, and moves the box to the pose. */
  private Pose step(Frame frame, Crops crops, FloatImage initial) {
    Joints joints = state.recurrence.step(crops.forStep, crops.affine, period, initial);
    float[] scores = PersonSearch.clipped(joints.scores);
    boolean found = search.evidence(scores) >= 0;
    Pose pose = new Pose(joints.keypoints, scores, state.box, found, false);
    state.age++;
    state.lostFor = found ? 0 : state.lostFor + period;
    if (found) {
      state.searchAt = settings.restartAfter;
    }
    Joints clipped = new Joints(joints.keypoints, scores);
    float[] box = search.boxToFollow(clipped, frame.height, frame.width);
    if (box != null) {
      double share = FrameTimes.newestShare(period, settings.boxLag);
      float[] moved = new float[4];
      for (int side = 0; side < 4; side++) {
        moved[side] = (float) (1 - share) * state.box[side] + (float) share * box[side];
      }
      state.box = moved;
    }
    return pose;
  }

  /** Restarts where the person is found in a frame; returns null if nobody is found. */
  private Pose search(Frame frame) {
    // The person may still be there, or anywhere.
    Place place = search.refine(frame, new Place(state.box, Double.NEGATIVE_INFINITY));
    if (settings.roam) {
      Place elsewhere = search.find(frame);
      place = elsewhere.evidence > place.evidence ? elsewhere : place;
    }
    if (place.evidence < 0) {
      double wait = Math.min(Math.max(state.lostFor, period), LONGEST_WAIT);
      state.searchAt = state.lostFor + wait;
      return null;
    }
    return start(frame, place.box).asRestarted();
  }

  /** Crops of a frame about a box. */
  private static final class Crops {
    final Affine affine;
    final FloatImage forStep;
    final Affine startAffine;
    private final CropRule startRule;
    private final boolean areEqual;
    private final Frame frame;

    Crops(ModelDescription description, Frame frame, float[] box) {
      this.frame = frame;
      affine = description.step.affine(box);
      forStep = description.step.crop(frame, affine);
      startRule = description.start;
      startAffine = startRule.affine(box);
      areEqual = startRule.sameAs(description.step);
    }

    FloatImage forStart() {
      return areEqual ? forStep : startRule.crop(frame, startAffine);
    }
  }

  /** State between frames. */
  private static final class State {
    float[] box;
    final Recurrence recurrence;
    double searchAt; // seconds without the person that trigger a search
    int age; // frames since HeadNet started the recurrence
    double unrefreshedFor; // seconds since HeadNet started or refreshed it
    double lostFor; // seconds without the person

    State(float[] box, Recurrence recurrence, double searchAt) {
      this.box = box;
      this.recurrence = recurrence;
      this.searchAt = searchAt;
    }
  }
}

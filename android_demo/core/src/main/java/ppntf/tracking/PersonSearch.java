package ppntf.tracking;

import ppntf.inference.CropRule;
import ppntf.inference.PoseModel;
import ppntf.inference.Recurrence;
import ppntf.keypoints.Affine;
import ppntf.keypoints.Frame;
import ppntf.keypoints.FrameCrops;
import ppntf.keypoints.Joints;

/** Search for a person in crops of a frame, by HeadNet alone. */
public final class PersonSearch {
  /** Side of the crop about a part of a person over that of a look about the same box. */
  private static final double PART_GROWTH = 1.1;

  private final TrackerSettings settings;
  private final CropRule rule;
  private final double stepMargin;
  private final Recurrence recurrence;

  public PersonSearch(PoseModel model, TrackerSettings settings) {
    this.settings = settings;
    this.rule = model.description().start;
    this.stepMargin = model.description().step.margin;
    this.recurrence = new Recurrence(model, false);
  }

  /** Finds joints, in frame pixels with scores 0..1, in the crop about a box. */
  public Joints look(Frame frame, float[] box) {
    Affine affine = rule.affine(box);
    Joints joints = recurrence.look(rule.crop(frame, affine), affine);
    return new Joints(joints.keypoints, clipped(joints.scores));
  }

  /**
   * Looks as often as the settings say, each time about the pose of the last look, unless that
   * loses a person found before.
   */
  Place refine(Frame frame, Place place) {
    Place refined = place;
    float[] lookedAt = place.box;
    for (int look = 0; look < settings.refinements; look++) {
      Joints joints = look(frame, refined.box);
      double evidence = evidence(joints.scores);
      if (evidence < 0 && refined.evidence >= 0) {
        return new Place(lookedAt, refined.evidence);
      }
      lookedAt = refined.box;
      float[] box = jointsBox(joints, frame.height, frame.width);
      refined = new Place(box == null ? refined.box : box, evidence);
      if (box == null) {
        break;
      }
    }
    return refined;
  }

  /** Searches the whole frame; returns the look that shows most of a person, refined. */
  Place find(Frame frame) {
    Place best = null;
    double highest = Double.NEGATIVE_INFINITY;
    for (float[] box : Boxes.searchBoxes(frame.height, frame.width, rule.margin)) {
      float[] scores = look(frame, box).scores;
      double mean = Presence.mean(scores);
      if (mean > highest) {
        highest = mean;
        best = new Place(box, evidence(scores));
      }
    }
    return refine(frame, best);
  }

  /** Returns the evidence for a person in scores, at least 0 if one counts as found. */
  public double evidence(float[] scores) {
    return Presence.evidence(
        scores, settings.lowestConfidence(), settings.partScore, settings.minScore);
  }

  /**
   * Returns the box about the confident joints of a frame.
   *
   * @return null with too few joints, or all of them in one place
   */
  public float[] jointsBox(Joints joints, int frameHeight, int frameWidth) {
    boolean[] confident = new boolean[joints.scores.length];
    int count = 0;
    for (int k = 0; k < confident.length; k++) {
      confident[k] = joints.scores[k] >= (float) settings.minScore;
      count += confident[k] ? 1 : 0;
    }
    if (count == 0 || count < settings.minJoints) {
      return null;
    }
    float[] box = FrameCrops.jointsBox(joints.keypoints, confident, frameHeight, frameWidth);
    return Math.max(box[2] - box[0], box[3] - box[1]) >= Boxes.MIN_SIDE ? box : null;
  }

  /**
   * Returns the box about which the next frame is cropped; see `jointsBox`.
   *
   * <p>A person who is not seen as a whole is larger than the box about the joints. If crops are
   * narrower than those of looks, the box then grows.
   */
  float[] boxToFollow(Joints joints, int frameHeight, int frameWidth) {
    float[] box = jointsBox(joints, frameHeight, frameWidth);
    double ratio = rule.margin / stepMargin;
    boolean isWhole = Presence.mean(joints.scores) >= settings.lowestConfidence();
    if (box == null || ratio <= 1 || isWhole) {
      return box;
    }
    float scale = (float) (PART_GROWTH * ratio);
    for (int axis = 0; axis < 2; axis++) {
      float center = (box[axis] + box[axis + 2]) / 2;
      float half = scale * (box[axis + 2] - box[axis]) / 2;
      box[axis] = center - half;
      box[axis + 2] = center + half;
    }
    return box;
  }

  static float[] clipped(float[] scores) {
    float[] result = new float[scores.length];
    for (int k = 0; k < scores.length; k++) {
      result[k] = Math.min(Math.max(scores[k], 0), 1);
    }
    return result;
  }
}

package ppntf.inference;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import ppntf.keypoints.Affine;
import ppntf.keypoints.FloatImage;
import ppntf.keypoints.Joints;

class RecurrenceTest {
  private static final String DESCRIPTION =
      "{\"frame\": {\"size\": [64, 64], \"box_margin\": 1.25, \"steady_crops\": true}, "
          + "\"start\": {\"frame\": {\"size\": [96, 96], \"box_margin\": 1.5}}, "
          + "\"heatmaps\": {\"size\": [16, 16]}, \"skeleton\": {\"name\": \"x\", "
          + "\"joint_names\": [\"a\"], \"limbs\": []}}";

  /** Passes on what it receives, and remembers it. */
  private static final class Echo implements PoseModel {
    final List<FloatImage> previous = new ArrayList<>();
    FloatImage initial = new FloatImage(16, 16, 1);

    @Override
    public ModelDescription description() {
      return ModelDescription.parse(DESCRIPTION);
    }

    @Override
    public FloatImage start(FloatImage crop) {
      assertEquals(96, crop.height);
      return initial;
    }

    @Override
    public StepHeatmaps step(FloatImage crop, FloatImage maps) {
      assertEquals(64, crop.height);
      previous.add(maps);
      return new StepHeatmaps(maps, null);
    }
  }

  @Test
  void heatmapsOfALargerStartMoveIntoTheCropOfTheStep() {
    Echo model = new Echo();
    ModelDescription description = model.description();
    float[] box = {10, 20, 90, 120};
    Affine start = description.start.affine(box);
    Affine step = description.step.affine(box);
    // The center of cell (9, 6) of the start's crop lies at this place of the frame.
    model.initial.values[6 * 16 + 9] = 1;
    double x = (9 * 6 + 2.5 - start.shiftX) / start.zoom;
    double y = (6 * 6 + 2.5 - start.shiftY) / start.zoom;
    Recurrence recurrence = new Recurrence(model, true);
    recurrence.start(new FloatImage(96, 96, 3), start, step);
    recurrence.step(new FloatImage(64, 64, 3), step, FrameTimes.PERIOD, null);
    float[] moved = model.previous.get(0).values;
    // Bilinear weights about a place keep the place as their mean, and spread over 1.2 cells.
    double sum = 0;
    double column = 0;
    double row = 0;
    for (int cell = 0; cell < moved.length; cell++) {
      sum += moved[cell];
      column += moved[cell] * (cell % 16);
      row += moved[cell] * (cell / 16);
    }
    assertTrue(sum > 1.1 && sum < 1.8, "sum " + sum);
    assertEquals((step.zoom * x + step.shiftX - 1.5) / 4, column / sum, 0.15);
    assertEquals((step.zoom * y + step.shiftY - 1.5) / 4, row / sum, 0.15);
  }

  @Test
  void looksAreReadInTheCropOfTheStart() {
    Echo model = new Echo();
    model.initial.values[6 * 16 + 9] = 1;
    Affine start = model.description().start.affine(new float[] {10, 20, 90, 120});
    Joints joints = new Recurrence(model, true).look(new FloatImage(96, 96, 3), start);
    assertEquals((9 * 6 + 2.5 - start.shiftX) / start.zoom, joints.keypoints[0][0], 1e-3);
    assertEquals((6 * 6 + 2.5 - start.shiftY) / start.zoom, joints.keypoints[0][1], 1e-3);
  }

  @Test
  void stepsRequireAStart() {
    Recurrence recurrence = new Recurrence(new Echo(), true);
    FloatImage crop = new FloatImage(64, 64, 3);
    Affine affine = new Affine(1, 0, 0);
    assertThrows(IllegalStateException.class, () -> recurrence.step(crop, affine, 0.1, null));
  }
}

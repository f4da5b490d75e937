package ppntf.tracking;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import ppntf.keypoints.Frame;

/** Boxes in which a tracker looks for a person. */
public final class Boxes {
  /** Pixels; joints within a smaller box are not a person. */
  public static final int MIN_SIDE = 16;
  /** Boxes per search, however long a frame is. */
  public static final int MAX_LOOKS = 64;

  private static final double[] PARTS = {1.0, 0.75};
  private static final double EDGE = 0.5;

  private Boxes() {}

  /** Checks that a box is x1, y1, x2, y2 with x1 < x2 and y1 < y2. */
  public static void checkBox(float[] box) {
    boolean usable = box.length == 4;
    for (int side = 0; usable && side < 4; side++) {
      usable = !Float.isNaN(box[side]) && !Float.isInfinite(box[side]);
    }
    if (!usable || box[0] >= box[2] || box[1] >= box[3]) {
      throw new IllegalArgumentException(
          "box=" + Arrays.toString(box)
              + ": not a box. Give x1, y1, x2, y2 in pixels, x1 < x2 and y1 < y2.");
    }
  }

  /** Checks that a box overlaps a frame. */
  public static void checkWithin(float[] box, Frame frame) {
    if (box[0] >= frame.width || box[1] >= frame.height || box[2] <= 0 || box[3] <= 0) {
      throw new IllegalArgumentException(
          "box=" + Arrays.toString(box) + ": outside the frame. Give x1, y1, x2, y2 within "
              + frame.width + "x" + frame.height + " pixels.");
    }
  }

  /** Returns the box whose crop shows exactly the whole frame. */
  public static float[] frameBox(int height, int width, double margin) {
    double x = (width - 1) / 2.0;
    double y = (height - 1) / 2.0;
    double right = width / 2.0 / margin;
    double down = height / 2.0 / margin;
    return new float[] {
      (float) (x - right), (float) (y - down), (float) (x + right), (float) (y + down)
    };
  }

  /** Returns the boxes in which to look for a person anywhere in a frame. */
  public static List<float[]> searchBoxes(int height, int width, double margin) {
    return searchBoxes(height, width, margin, PARTS, EDGE);
  }

  /**
   * Returns at most MAX_LOOKS boxes: the whole frame, then a grid of squares for each part.
   *
   * @param margin side of a crop over the longer side of its box
   * @param parts sides of the squares over the shorter side of the frame
   * @param edge distance from the left and right edge of the frame to the centers of the outermost
   *     squares, over their side
   */
  public static List<float[]> searchBoxes(
      int height, int width, double margin, double[] parts, double edge) {
    List<Grid> grids = new ArrayList<Grid>();
    int looks = 0;
    for (double part : parts) {
      double side = part * Math.min(height, width);
      if (side >= MIN_SIDE) {
        Grid grid = new Grid(side, centers(height, side, 0.5), centers(width, side, edge));
        grids.add(grid);
        looks += grid.rows.length * grid.columns.length;
      }
    }
    if (looks >= MAX_LOOKS) {
      int most = (MAX_LOOKS - 1) / grids.size();
      for (Grid grid : grids) {
        if (width > height) {
          grid.columns = thin(grid.columns, most / grid.rows.length);
        } else {
          grid.rows = thin(grid.rows, most / grid.columns.length);
        }
      }
    }
    List<float[]> boxes = new ArrayList<float[]>();
    boxes.add(frameBox(height, width, margin));
    for (Grid grid : grids) {
      double half = grid.side / margin / 2;
      for (double y : grid.rows) {
        for (double x : grid.columns) {
          boxes.add(
              new float[] {
                (float) (x - half), (float) (y - half), (float) (x + half), (float) (y + half)
              });
        }
      }
    }
    return boxes;
  }

  /** Returns evenly spread centers of squares over a length, at most half a side apart. */
  private static double[] centers(double length, double side, double edge) {
    double between = length - 2 * edge * side;
    if (between <= 0) {
      return new double[] {length / 2};
    }
    int count = 1 + (int) Math.ceil(2 * between / side);
    return spread(edge * side, length - edge * side, count);
  }

  /** Returns at most `most` evenly spread centers, from the first to the last. */
  private static double[] thin(double[] centers, int most) {
    return spread(centers[0], centers[centers.length - 1], Math.min(centers.length, most));
  }

  private static double[] spread(double first, double last, int count) {
    double[] values = new double[count];
    for (int index = 0; index < count; index++) {
      values[index] = count == 1 ? first : first + index * ((last - first) / (count - 1));
    }
    return values;
  }

  /** Squares of one size over a frame. */
  private static final class Grid {
    final double side;
    double[] rows;
    double[] columns;

    Grid(double side, double[] rows, double[] columns) {
      this.side = side;
      this.rows = rows;
      this.columns = columns;
    }
  }
}

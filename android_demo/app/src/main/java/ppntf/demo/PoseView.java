package ppntf.demo;

import android.content.Context;
import android.graphics.Bitmap;
import android.graphics.Canvas;
import android.graphics.Color;
import android.graphics.Paint;
import android.graphics.RectF;
import android.util.AttributeSet;
import android.view.View;
import ppntf.frames.ViewTransform;
import ppntf.keypoints.Pose;

/**
 * View of a tracked frame and the skeleton in it.
 *
 * <p>It shows the very frame that was tracked, so the skeleton cannot lag behind the picture.
 */
public final class PoseView extends View {
  private static final float MIN_SCORE = 0.2f;
  private static final int[] RIGHT = {0xffffc400, 0xffff8000, 0xfff03232};
  private static final int[] LEFT = {0xff5ae6d2, 0xff00aaff, 0xff5a5aff};
  private static final int MIDDLE = 0xffebebeb;
  private static final int OUTLINE = 0xff141414;

  private final Paint picturePaint = new Paint(Paint.FILTER_BITMAP_FLAG);
  private final Paint linePaint = new Paint(Paint.ANTI_ALIAS_FLAG);
  private final float density;
  private TrackedFrame frame;
  private Bitmap bitmap;

  /** Creates the view from a layout. */
  public PoseView(Context context, AttributeSet attributes) {
    super(context, attributes);
    density = context.getResources().getDisplayMetrics().density;
    linePaint.setStrokeCap(Paint.Cap.ROUND);
  }

  /** Shows a frame, or nothing. */
  void show(TrackedFrame next) {
    frame = next;
    if (next != null) {
      boolean fits =
          bitmap != null && bitmap.getWidth() == next.width && bitmap.getHeight() == next.height;
      if (!fits) {
        bitmap = Bitmap.createBitmap(next.width, next.height, Bitmap.Config.ARGB_8888);
      }
      bitmap.setPixels(next.pixels, 0, next.width, 0, 0, next.width, next.height);
      boolean found = next.pose != null && next.pose.found;
      int text = found ? R.string.picture_found : R.string.picture_empty;
      setContentDescription(getResources().getString(text));
    }
    invalidate();
  }

  @Override
  protected void onDraw(Canvas canvas) {
    super.onDraw(canvas);
    canvas.drawColor(Color.BLACK);
    if (frame == null) {
      return;
    }
    ViewTransform transform =
        new ViewTransform(
            frame.height, frame.width, getHeight(), getWidth(), false, frame.mirrored);
    canvas.save();
    if (frame.mirrored) {
      canvas.scale(-1, 1, getWidth() / 2f, getHeight() / 2f);
    }
    float left = (float) transform.left;
    float top = (float) transform.top;
    float right = (float) (transform.left + transform.zoom * frame.width);
    float bottom = (float) (transform.top + transform.zoom * frame.height);
    canvas.drawBitmap(bitmap, null, new RectF(left, top, right, bottom), picturePaint);
    canvas.restore();
    if (frame.pose != null && frame.pose.found) {
      drawSkeleton(canvas, frame.pose, transform);
    }
  }

  private void drawSkeleton(Canvas canvas, Pose pose, ViewTransform transform) {
    int joints = pose.scores.length;
    float[][] points = new float[joints][2];
    for (int k = 0; k < joints; k++) {
      double[] point = transform.toView(pose.keypoints[k][0], pose.keypoints[k][1]);
      points[k][0] = (float) point[0];
      points[k][1] = (float) point[1];
    }
    String[] names = frame.skeleton.jointNames;
    for (int pass = 0; pass < 2; pass++) {
      boolean outline = pass == 0;
      linePaint.setStrokeWidth((outline ? 6 : 4) * density);
      for (int[] limb : frame.skeleton.limbs) {
        float score = Math.min(pose.scores[limb[0]], pose.scores[limb[1]]);
        if (score >= MIN_SCORE) {
          setColor(outline ? OUTLINE : limbColor(names[limb[0]], names[limb[1]]), score);
          float[] from = points[limb[0]];
          float[] to = points[limb[1]];
          canvas.drawLine(from[0], from[1], to[0], to[1], linePaint);
        }
      }
    }
    for (int k = 0; k < joints; k++) {
      if (pose.scores[k] >= MIN_SCORE) {
        setColor(OUTLINE, pose.scores[k]);
        canvas.drawCircle(points[k][0], points[k][1], 5 * density, linePaint);
        setColor(jointColor(names[k]), pose.scores[k]);
        canvas.drawCircle(points[k][0], points[k][1], 4 * density, linePaint);
      }
    }
  }

  /** Makes uncertain joints half transparent. */
  private void setColor(int color, float score) {
    linePaint.setColor(color);
    linePaint.setAlpha(score < 2 * MIN_SCORE ? 128 : 255);
  }

  /** Returns the color of a joint: warm on the right, cool on the left, stronger farther out. */
  private static int jointColor(String name) {
    int depth = 0;
    if (name.endsWith("elbow") || name.endsWith("knee")) {
      depth = 1;
    } else if (name.endsWith("wrist") || name.endsWith("ankle")) {
      depth = 2;
    }
    return name.startsWith("right") ? RIGHT[depth] : name.startsWith("left") ? LEFT[depth] : MIDDLE;
  }

  private static int limbColor(String near, String far) {
    boolean across =
        near.startsWith("left") && far.startsWith("right")
            || near.startsWith("right") && far.startsWith("left");
    return across ? MIDDLE : jointColor(far);
  }
}

package ppntf.demo;

import ppntf.keypoints.Frame;
import ppntf.keypoints.Pose;
import ppntf.keypoints.Skeleton;

/** Frame with the pose in it, and what the status line shows. */
final class TrackedFrame {
  final int height;
  final int width;
  /** [height * width], opaque, as bitmaps store them. */
  final int[] pixels;
  final Pose pose;
  final Skeleton skeleton;
  final boolean mirrored;
  final double framesPerSecond;
  final double startMilliseconds;
  final double stepMilliseconds;

  TrackedFrame(
      Frame frame, Pose pose, Skeleton skeleton, boolean mirrored, double framesPerSecond,
      double startMilliseconds, double stepMilliseconds) {
    this.height = frame.height;
    this.width = frame.width;
    this.pixels = new int[height * width];
    for (int index = 0, at = 0; index < pixels.length; index++, at += 3) {
      int red = frame.rgb[at] & 255;
      int green = frame.rgb[at + 1] & 255;
      int blue = frame.rgb[at + 2] & 255;
      pixels[index] = 0xff000000 | red << 16 | green << 8 | blue;
    }
    this.pose = pose;
    this.skeleton = skeleton;
    this.mirrored = mirrored;
    this.framesPerSecond = framesPerSecond;
    this.startMilliseconds = startMilliseconds;
    this.stepMilliseconds = stepMilliseconds;
  }
}

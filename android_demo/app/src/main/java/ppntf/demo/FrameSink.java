package ppntf.demo;

import ppntf.keypoints.Frame;

/** Consumer of the frames of a camera or a video. */
interface FrameSink {
  /** Returns whether a frame would be tracked at once; others need not be converted. */
  boolean isIdle();

  /**
   * Takes the next frame. A frame that has not been tracked when the next one comes is dropped.
   *
   * @param number number of the frame in its source, from 0
   * @param time time of the frame in seconds
   * @param mirrored whether views show it mirrored
   */
  void offer(Frame frame, long number, double time, boolean mirrored);

  /** Reports that a source cannot go on. */
  void sourceFailed(int message, String reason);
}

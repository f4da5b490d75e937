package ppntf.demo;

/** Receiver of results on the main thread. */
interface PoseListener {
  /** Takes a tracked frame. */
  void onFrame(TrackedFrame frame);

  /**
   * Takes the outcome of loading a model.
   *
   * @param error message in place of a picture, or 0
   * @param note message about the processor, or 0
   */
  void onModel(int error, boolean onGpu, int note, String reason);

  /** Takes the end of a source, or of tracking. */
  void onStopped(int message, String reason);

  /** Takes the end of a recording of `count` frames; `reason` is null without an error. */
  void onRecorded(int count, String reason);
}

package ppntf.demo;

/** Camera or video. */
interface FrameSource {
  /** Starts or resumes the frames. */
  void resume();

  /** Stops the frames, and releases the camera. */
  void pause();

  /** Stops the frames for good. */
  void close();

  /** Takes the clockwise rotation of the screen in degrees. */
  void setDisplayRotation(int degrees);
}

package ppntf.demo;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.Charset;
import ppntf.frames.JointLines;
import ppntf.keypoints.Pose;
import ppntf.keypoints.Skeleton;

/** Joints that are being written to a document. */
final class Recording {
  private Writer writer;
  private JointLines lines;

  /** Begins a recording; the stream is closed at its end. */
  void begin(OutputStream stream, Skeleton skeleton) {
    writer = new OutputStreamWriter(stream, Charset.forName("UTF-8"));
    lines = new JointLines(writer, skeleton);
  }

  boolean isOpen() {
    return lines != null;
  }

  /** Writes the pose of a frame. */
  void add(long number, double time, Pose pose) throws IOException {
    lines.add(number, time, pose);
  }

  /** Ends the recording; returns how many frames it has. */
  int end() {
    int count = lines.count();
    lines = null;
    closeQuietly(writer);
    return count;
  }

  static void closeQuietly(Closeable stream) {
    try {
      stream.close();
    } catch (IOException error) {
      // Every line was flushed, and an error there was reported.
      return;
    }
  }
}

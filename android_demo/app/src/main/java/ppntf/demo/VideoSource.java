package ppntf.demo;

import android.content.Context;
import android.media.Image;
import android.media.MediaCodec;
import android.media.MediaCodecInfo;
import android.media.MediaExtractor;
import android.media.MediaFormat;
import android.net.Uri;
import android.os.SystemClock;
import java.io.IOException;
import java.nio.ByteBuffer;
import ppntf.frames.ColorRule;
import ppntf.keypoints.Frame;

/** All frames of a video file, upright, no faster than they were recorded. */
final class VideoSource implements FrameSource, Runnable {
  private static final long WAIT = 10000; // microseconds for a buffer of the codec
  private static final double SECONDS = 1e-6;

  private final Context context;
  private final Uri uri;
  private final FrameSink sink;
  private final Thread thread = new Thread(this, "video");
  private final Object lock = new Object();
  private boolean paused = true;
  private boolean closed;
  private int rotation;
  private long number;
  private double clock = Double.NaN; // time of this device at time 0 of the video, in seconds

  VideoSource(Context context, Uri uri, FrameSink sink) {
    this.context = context.getApplicationContext();
    this.uri = uri;
    this.sink = sink;
  }

  @Override
  public void setDisplayRotation(int degrees) {
    // The rotation of a video does not depend on the screen.
  }

  @Override
  public void resume() {
    synchronized (lock) {
      paused = false;
      clock = Double.NaN;
      lock.notifyAll();
      if (thread.getState() == Thread.State.NEW && !closed) {
        thread.start();
      }
    }
  }

  @Override
  public void pause() {
    synchronized (lock) {
      paused = true;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
      lock.notifyAll();
    }
  }

  @Override
  public void run() {
    MediaExtractor extractor = new MediaExtractor();
    MediaCodec codec = null;
    try {
      extractor.setDataSource(context, uri, null);
      MediaFormat format = selectVideo(extractor);
      if (format == null) {
        throw new IOException("it has no pictures");
      }
      rotation = integer(format, "rotation-degrees", 0);
      format.setInteger(
          MediaFormat.KEY_COLOR_FORMAT,
          MediaCodecInfo.CodecCapabilities.COLOR_FormatYUV420Flexible);
      codec = MediaCodec.createDecoderByType(format.getString(MediaFormat.KEY_MIME));
      codec.configure(format, null, null, 0);
      codec.start();
      decode(extractor, codec);
      if (!isClosed()) {
        sink.sourceFailed(R.string.video_ended, "");
      }
    } catch (IOException | RuntimeException error) {
      sink.sourceFailed(R.string.video_failed, String.valueOf(error.getMessage()));
    } finally {
      if (codec != null) {
        codec.release();
      }
      extractor.release();
    }
  }

  /** Selects the first track of pictures; returns its format, or null without any. */
  private static MediaFormat selectVideo(MediaExtractor extractor) {
    for (int track = 0; track < extractor.getTrackCount(); track++) {
      MediaFormat format = extractor.getTrackFormat(track);
      String type = format.getString(MediaFormat.KEY_MIME);
      if (type != null && type.startsWith("video/")) {
        extractor.selectTrack(track);
        return format;
      }
    }
    return null;
  }

  private void decode(MediaExtractor extractor, MediaCodec codec) {
    MediaCodec.BufferInfo info = new MediaCodec.BufferInfo();
    boolean read = false;
    while (!isClosed()) {
      if (!read) {
        read = feed(extractor, codec);
      }
      int output = codec.dequeueOutputBuffer(info, WAIT);
      if (output < 0) {
        continue;
      }
      if (info.size > 0) {
        show(codec, output, info.presentationTimeUs * SECONDS);
      }
      codec.releaseOutputBuffer(output, false);
      if ((info.flags & MediaCodec.BUFFER_FLAG_END_OF_STREAM) != 0) {
        return;
      }
    }
  }

  /** Passes the next packet to the codec; returns whether it was the end. */
  private static boolean feed(MediaExtractor extractor, MediaCodec codec) {
    int input = codec.dequeueInputBuffer(WAIT);
    if (input < 0) {
      return false;
    }
    ByteBuffer buffer = codec.getInputBuffer(input);
    int size = extractor.readSampleData(buffer, 0);
    if (size < 0) {
      codec.queueInputBuffer(input, 0, 0, 0, MediaCodec.BUFFER_FLAG_END_OF_STREAM);
      return true;
    }
    codec.queueInputBuffer(input, 0, size, extractor.getSampleTime(), 0);
    extractor.advance();
    return false;
  }

  private void show(MediaCodec codec, int output, double time) {
    Frame frame;
    try (Image image = codec.getOutputImage(output)) {
      if (image == null) {
        throw new IllegalStateException("the decoder gives no images");
      }
      MediaFormat format = codec.getOutputFormat(output);
      ColorRule rule =
          ColorRule.ofVideo(
              integer(format, "color-standard", 0),
              integer(format, "color-range", 0),
              image.getHeight());
      frame = ImageFrames.toFrame(image, rule, rotation);
    }
    if (waitUntilDue(time)) {
      sink.offer(frame, number++, time, false);
    }
  }

  /** Waits for the time of a frame and for a free tracker; returns whether it goes on. */
  private boolean waitUntilDue(double time) {
    synchronized (lock) {
      while (!closed) {
        double now = SystemClock.elapsedRealtime() / 1000.0;
        if (!paused && Double.isNaN(clock)) {
          clock = now - time;
        }
        boolean due = !paused && now - clock >= time;
        if (due && sink.isIdle()) {
          // After a slow frame, the following ones are not faster than they were recorded.
          clock = Math.max(clock, now - time);
          return true;
        }
        try {
          lock.wait(2);
        } catch (InterruptedException error) {
          return false;
        }
      }
      return false;
    }
  }

  private boolean isClosed() {
    synchronized (lock) {
      return closed;
    }
  }

  private static int integer(MediaFormat format, String key, int missing) {
    return format.containsKey(key) ? format.getInteger(key) : missing;
  }
}

package ppntf.demo;

import android.content.Context;
import android.content.SharedPreferences;
import android.net.Uri;
import android.os.Handler;
import android.os.HandlerThread;
import android.os.Looper;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import ppntf.frames.FrameRate;
import ppntf.inference.TimedModel;
import ppntf.keypoints.Frame;
import ppntf.keypoints.Pose;
import ppntf.tracking.PoseSmoother;
import ppntf.tracking.Tracker;
import ppntf.tracking.TrackerSettings;

/** Thread that owns the interpreter, the tracker and the recording. */
final class PoseThread implements FrameSink {
  private static final String GPU_TRIAL = "gpu_trial";

  private final Context context;
  private final SharedPreferences preferences;
  private final HandlerThread thread = new HandlerThread("pose");
  private final Handler handler;
  private final Handler main = new Handler(Looper.getMainLooper());
  private final FrameRate rate = new FrameRate();
  private volatile boolean idle = true;
  private volatile boolean ready;
  private PoseListener listener; // of the main thread
  private LiteRtModel model;
  private TimedModel timed;
  private boolean onGpu;
  private Uri uri;
  private Tracker tracker;
  private PoseSmoother smoother = new PoseSmoother();
  private final Recording recording = new Recording();

  PoseThread(Context context) {
    this.context = context.getApplicationContext();
    preferences = this.context.getSharedPreferences("demo", Context.MODE_PRIVATE);
    thread.start();
    handler = new Handler(thread.getLooper());
  }

  /** Takes the receiver of results, or null; called on the main thread. */
  void setListener(PoseListener next) {
    listener = next;
  }

  /** Loads a model, of the app or a document, for the GPU or the CPU. */
  void load(final Uri document, final boolean gpu) {
    ready = false;
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            open(document, gpu);
          }
        });
  }

  /** Forgets the person, as before a new source. */
  void reset() {
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            rate.reset();
            if (tracker != null) {
              tracker.reset(null);
              smoother = new PoseSmoother();
            }
          }
        });
  }

  /** Writes the joints of the following frames to a stream, as JSON lines. */
  void record(final OutputStream stream) {
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            endRecording(null);
            if (model == null) {
              Recording.closeQuietly(stream);
            } else {
              recording.begin(stream, model.description().skeleton);
            }
          }
        });
  }

  /** Ends the recording. */
  void stopRecording() {
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            endRecording(null);
          }
        });
  }

  /** Ends the recording and the thread. */
  void close() {
    ready = false;
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            endRecording(null);
            closeModel();
          }
        });
    thread.quitSafely();
  }

  @Override
  public boolean isIdle() {
    return ready && idle;
  }

  @Override
  public void offer(
      final Frame frame, final long number, final double time, final boolean mirrored) {
    if (!isIdle()) {
      return;
    }
    idle = false;
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            try {
              track(frame, number, time, mirrored);
            } finally {
              idle = true;
            }
          }
        });
  }

  @Override
  public void sourceFailed(final int message, final String reason) {
    main.post(
        new Runnable() {
          @Override
          public void run() {
            if (listener != null) {
              listener.onStopped(message, reason);
            }
          }
        });
  }

  private void track(Frame frame, long number, double time, boolean mirrored) {
    if (tracker == null) {
      return;
    }
    Pose pose;
    try {
      pose = smoother.smooth(tracker.update(frame, time), time);
    } catch (RuntimeException error) {
      recover(error);
      return;
    }
    rate.add(System.nanoTime() * 1e-9);
    if (recording.isOpen()) {
      try {
        recording.add(number, time, pose);
      } catch (IOException error) {
        endRecording(String.valueOf(error.getMessage()));
      }
    }
    final TrackedFrame tracked =
        new TrackedFrame(
            frame, pose, model.description().skeleton, mirrored, rate.perSecond(),
            timed.startLatency.quantile(0.5), timed.stepLatency.quantile(0.5));
    main.post(
        new Runnable() {
          @Override
          public void run() {
            if (listener != null) {
              listener.onFrame(tracked);
            }
          }
        });
  }

  /** Goes on without the GPU after an error in it; reports other errors. */
  private void recover(RuntimeException error) {
    String reason = String.valueOf(error.getMessage());
    if (!onGpu) {
      ready = false;
      sourceFailed(R.string.tracking_failed, reason);
      return;
    }
    open(uri, false, R.string.gpu_refused, reason);
  }

  private void open(Uri document, boolean gpu) {
    // A flag that is still set says that the process died while it prepared the GPU.
    boolean crashed = gpu && preferences.getBoolean(GPU_TRIAL, false);
    if (crashed) {
      preferences.edit().putBoolean(GPU_TRIAL, false).apply();
    }
    open(document, gpu && !crashed, crashed ? R.string.gpu_crashed : 0, "");
  }

  private void open(Uri document, boolean gpu, int note, String reason) {
    ready = false;
    closeModel();
    uri = document;
    int shown = note;
    String why = reason;
    try {
      ByteBuffer file = ModelFile.map(context, document);
      if (gpu) {
        try {
          preferences.edit().putBoolean(GPU_TRIAL, true).commit();
          model = new LiteRtModel(file, true);
          model.warmUp();
        } catch (RuntimeException | LinkageError error) {
          closeModel();
          shown = R.string.gpu_refused;
          why = String.valueOf(error.getMessage());
        } finally {
          preferences.edit().putBoolean(GPU_TRIAL, false).commit();
        }
      }
      onGpu = model != null;
      if (model == null) {
        model = new LiteRtModel(file, false);
        model.warmUp();
      }
      timed = new TimedModel(model);
      tracker = new Tracker(timed, TrackerSettings.forModel(model.description()));
      smoother = new PoseSmoother();
      ready = true;
      report(0, shown, why);
    } catch (FileNotFoundException error) {
      report(document == null ? R.string.no_model : R.string.model_failed, 0, error.getMessage());
    } catch (LinkageError error) {
      report(R.string.no_runtime, 0, error.getMessage());
    } catch (IOException | RuntimeException error) {
      closeModel();
      report(R.string.model_failed, 0, error.getMessage());
    }
  }

  private void report(final int error, final int note, final String reason) {
    final boolean gpu = onGpu;
    main.post(
        new Runnable() {
          @Override
          public void run() {
            if (listener != null) {
              listener.onModel(error, gpu, note, String.valueOf(reason));
            }
          }
        });
  }

  private void closeModel() {
    tracker = null;
    timed = null;
    LiteRtModel closed = model;
    model = null;
    if (closed != null) {
      closed.close();
    }
  }

  private void endRecording(final String reason) {
    if (!recording.isOpen()) {
      return;
    }
    final int count = recording.end();
    main.post(
        new Runnable() {
          @Override
          public void run() {
            if (listener != null) {
              listener.onRecorded(count, reason);
            }
          }
        });
  }
}

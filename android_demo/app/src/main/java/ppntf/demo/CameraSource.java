package ppntf.demo;

import android.content.Context;
import android.graphics.ImageFormat;
import android.hardware.camera2.CameraAccessException;
import android.hardware.camera2.CameraCaptureSession;
import android.hardware.camera2.CameraCharacteristics;
import android.hardware.camera2.CameraDevice;
import android.hardware.camera2.CameraManager;
import android.hardware.camera2.CaptureRequest;
import android.hardware.camera2.params.StreamConfigurationMap;
import android.media.Image;
import android.media.ImageReader;
import android.os.Handler;
import android.os.HandlerThread;
import android.util.Size;
import java.util.Collections;
import ppntf.frames.ColorRule;
import ppntf.frames.Turn;

/** Frames of the camera at the front or the back, upright on the screen. */
final class CameraSource implements FrameSource {
  private static final int PIXELS = 640 * 480; // enough for the crops of one person
  private static final double SECONDS = 1e-9;
  private static final long CALLBACKS = 5000; // milliseconds up to the last callback

  private final CameraManager manager;
  private final boolean front;
  private final FrameSink sink;
  private final HandlerThread thread = new HandlerThread("camera");
  private final Handler handler;
  private volatile int displayRotation;
  private boolean wanted;
  private CameraDevice device;
  private ImageReader reader;
  private int sensorOrientation;
  private long number;

  CameraSource(Context context, boolean front, FrameSink sink) {
    this.manager = (CameraManager) context.getSystemService(Context.CAMERA_SERVICE);
    this.front = front;
    this.sink = sink;
    thread.start();
    handler = new Handler(thread.getLooper());
  }

  @Override
  public void setDisplayRotation(int degrees) {
    displayRotation = degrees;
  }

  @Override
  public void resume() {
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            wanted = true;
            open();
          }
        });
  }

  @Override
  public void pause() {
    handler.post(
        new Runnable() {
          @Override
          public void run() {
            wanted = false;
            release();
          }
        });
  }

  @Override
  public void close() {
    pause();
    // A camera that is still being opened is closed by its callback on this thread.
    handler.postDelayed(
        new Runnable() {
          @Override
          public void run() {
            thread.quitSafely();
          }
        },
        CALLBACKS);
  }

  private void open() {
    if (device != null || reader != null) {
      return;
    }
    try {
      String id = find();
      if (id == null) {
        sink.sourceFailed(R.string.no_camera, "");
        return;
      }
      CameraCharacteristics properties = manager.getCameraCharacteristics(id);
      Integer orientation = properties.get(CameraCharacteristics.SENSOR_ORIENTATION);
      sensorOrientation = orientation == null ? 0 : orientation;
      Size size = choose(properties.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP));
      reader =
          ImageReader.newInstance(size.getWidth(), size.getHeight(), ImageFormat.YUV_420_888, 3);
      reader.setOnImageAvailableListener(new Images(), handler);
      manager.openCamera(id, new Opened(), handler);
    } catch (CameraAccessException | RuntimeException error) {
      // A SecurityException says that the permission was withdrawn.
      fail(error.getMessage());
    }
  }

  /** Returns the camera on this side of the device, or null. */
  private String find() throws CameraAccessException {
    int side =
        front ? CameraCharacteristics.LENS_FACING_FRONT : CameraCharacteristics.LENS_FACING_BACK;
    for (String id : manager.getCameraIdList()) {
      CameraCharacteristics properties = manager.getCameraCharacteristics(id);
      Integer facing = properties.get(CameraCharacteristics.LENS_FACING);
      StreamConfigurationMap map =
          properties.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP);
      if (facing != null && facing == side && map != null) {
        return id;
      }
    }
    return null;
  }

  /** Returns the size nearest to PIXELS. */
  private static Size choose(StreamConfigurationMap map) {
    Size best = null;
    double least = Double.POSITIVE_INFINITY;
    for (Size size : map.getOutputSizes(ImageFormat.YUV_420_888)) {
      double pixels = (double) size.getWidth() * size.getHeight();
      double distance = Math.abs(Math.log(pixels / PIXELS));
      if (distance < least) {
        best = size;
        least = distance;
      }
    }
    return best;
  }

  private void release() {
    if (device != null) {
      device.close();
      device = null;
    }
    if (reader != null) {
      reader.close();
      reader = null;
    }
  }

  private void fail(String reason) {
    release();
    sink.sourceFailed(R.string.camera_failed, reason);
  }

  /** Converts images that will be tracked, and drops others. */
  private final class Images implements ImageReader.OnImageAvailableListener {
    @Override
    public void onImageAvailable(ImageReader source) {
      try (Image image = source.acquireLatestImage()) {
        if (image == null || source != reader) {
          return;
        }
        long current = number++;
        if (!sink.isIdle()) {
          return;
        }
        int degrees = Turn.ofCamera(sensorOrientation, displayRotation, front);
        double time = image.getTimestamp() * SECONDS;
        sink.offer(ImageFrames.toFrame(image, ColorRule.CAMERA, degrees), current, time, front);
      } catch (IllegalStateException error) {
        // The reader was closed between the callback and the image.
        return;
      }
    }
  }

  /** Starts the stream of an opened camera. */
  private final class Opened extends CameraDevice.StateCallback {
    @Override
    public void onOpened(CameraDevice camera) {
      if (!wanted || reader == null) {
        camera.close();
        return;
      }
      device = camera;
      try {
        camera.createCaptureSession(
            Collections.singletonList(reader.getSurface()), new Configured(), handler);
      } catch (CameraAccessException | RuntimeException error) {
        fail(error.getMessage());
      }
    }

    @Override
    public void onDisconnected(CameraDevice camera) {
      camera.close();
      if (camera == device) {
        fail("another app took it");
      }
    }

    @Override
    public void onError(CameraDevice camera, int error) {
      camera.close();
      fail("error " + error);
    }
  }

  /** Requests frames as for a preview. */
  private final class Configured extends CameraCaptureSession.StateCallback {
    @Override
    public void onConfigured(CameraCaptureSession session) {
      if (device == null || reader == null) {
        return;
      }
      try {
        CaptureRequest.Builder request = device.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW);
        request.addTarget(reader.getSurface());
        request.set(
            CaptureRequest.CONTROL_AF_MODE, CaptureRequest.CONTROL_AF_MODE_CONTINUOUS_VIDEO);
        session.setRepeatingRequest(request.build(), null, handler);
      } catch (CameraAccessException | RuntimeException error) {
        fail(error.getMessage());
      }
    }

    @Override
    public void onConfigureFailed(CameraCaptureSession session) {
      fail("it does not accept the size of the frames");
    }
  }
}

package ppntf.demo;

import android.Manifest;
import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.hardware.display.DisplayManager;
import android.net.Uri;
import android.os.Bundle;
import android.provider.Settings;
import android.view.View;
import java.io.FileNotFoundException;
import java.io.OutputStream;

/** The only activity: shows the tracked camera or video. */
public final class MainActivity extends Activity
    implements PoseListener, View.OnClickListener, DisplayManager.DisplayListener {
  private static final int ASK_CAMERA = 1;
  private static final int PICK_VIDEO = 2;
  private static final int PICK_MODEL = 3;
  private static final int PICK_RECORDING = 4;
  private static final String ASKED = "asked";

  private Session session;
  private Screen screen;
  private boolean asked;
  private boolean resumed;

  @Override
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    screen = new Screen(this);
    View[] buttons = {screen.camera, screen.processor, screen.video, screen.model, screen.record};
    for (View button : buttons) {
      button.setOnClickListener(this);
    }
    asked = state != null && state.getBoolean(ASKED);
    session = ((DemoApplication) getApplication()).session();
    session.pose.setListener(this);
    screen.showChoices(session);
  }

  @Override
  protected void onSaveInstanceState(Bundle state) {
    super.onSaveInstanceState(state);
    state.putBoolean(ASKED, asked);
  }

  @Override
  protected void onResume() {
    super.onResume();
    displays().registerDisplayListener(this, null);
    resumed = true;
    startSource();
  }

  @Override
  protected void onPause() {
    resumed = false;
    displays().unregisterDisplayListener(this);
    session.pause();
    super.onPause();
  }

  @Override
  protected void onDestroy() {
    session.pose.setListener(null);
    if (!isChangingConfigurations()) {
      ((DemoApplication) getApplication()).end();
    }
    super.onDestroy();
  }

  @Override
  public void onClick(View view) {
    int id = view.getId();
    if (id == R.id.camera) {
      // From a video, the button returns to the camera that was used before.
      session.useCamera(session.isVideo() ? session.isFront() : !session.isFront());
      startSource();
    } else if (id == R.id.processor) {
      session.useGpu(!session.onGpu);
      screen.showMessage(getText(R.string.loading), 0, null);
    } else if (id == R.id.video) {
      pick(new Intent(Intent.ACTION_OPEN_DOCUMENT).setType("video/*"), PICK_VIDEO);
    } else if (id == R.id.model) {
      pickModel();
    } else if (id == R.id.record && session.recording) {
      session.pose.stopRecording();
    } else if (id == R.id.record) {
      Intent intent = new Intent(Intent.ACTION_CREATE_DOCUMENT).setType("application/x-ndjson");
      pick(intent.putExtra(Intent.EXTRA_TITLE, "joints.jsonl"), PICK_RECORDING);
    }
    screen.showChoices(session);
  }

  @Override
  protected void onActivityResult(int request, int result, Intent data) {
    Uri uri = result == RESULT_OK && data != null ? data.getData() : null;
    if (uri == null) {
      return;
    }
    if (request == PICK_VIDEO) {
      session.useVideo(uri);
    } else if (request == PICK_MODEL) {
      int kept = Intent.FLAG_GRANT_READ_URI_PERMISSION;
      try {
        getContentResolver().takePersistableUriPermission(uri, kept);
      } catch (SecurityException error) {
        // This provider grants the document until the app ends; the next start says so.
      }
      session.useModel(uri);
      screen.showMessage(getText(R.string.loading), 0, null);
    } else if (request == PICK_RECORDING) {
      startRecording(uri);
    }
    screen.showChoices(session);
  }

  @Override
  public void onRequestPermissionsResult(int request, String[] permissions, int[] results) {
    startSource();
  }

  @Override
  public void onFrame(TrackedFrame frame) {
    screen.show(frame);
  }

  @Override
  public void onModel(int error, boolean onGpu, int note, String reason) {
    session.modelLoaded = error == 0;
    session.modelError = error;
    session.onGpu = onGpu;
    if (note != 0) {
      session.note = getString(note, reason);
    }
    screen.showChoices(session);
    if (error == 0) {
      screen.hideMessage();
      startSource();
    } else {
      showModelError(reason);
    }
  }

  @Override
  public void onStopped(int message, String reason) {
    screen.showMessage(getString(message, reason), 0, null);
  }

  @Override
  public void onRecorded(int count, String reason) {
    session.recording = false;
    session.note =
        reason == null
            ? getString(R.string.recorded, count)
            : getString(R.string.recording_failed, reason);
    screen.showChoices(session);
  }

  @Override
  public void onDisplayChanged(int displayId) {
    // Between both landscape orientations, the activity is not created again.
    session.setDisplayRotation(displayRotation());
  }

  @Override
  public void onDisplayAdded(int displayId) {
    session.setDisplayRotation(displayRotation());
  }

  @Override
  public void onDisplayRemoved(int displayId) {
    session.setDisplayRotation(displayRotation());
  }

  /** Starts the camera or the video, or shows what is missing. */
  private void startSource() {
    if (!resumed) {
      return;
    }
    if (session.modelError != 0) {
      showModelError("");
      return;
    }
    if (!session.isVideo() && !cameraAllowed()) {
      askForCamera();
      return;
    }
    if (session.modelLoaded) {
      screen.hideMessage();
    } else {
      screen.showMessage(getText(R.string.loading), 0, null);
    }
    session.resume(displayRotation());
  }

  private boolean cameraAllowed() {
    return checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED;
  }

  /** Asks once by itself; later only when the user presses the button. */
  private void askForCamera() {
    if (!asked) {
      asked = true;
      requestPermissions(new String[] {Manifest.permission.CAMERA}, ASK_CAMERA);
    }
    // After a final refusal the system no longer asks, and only the settings help.
    final boolean mayAsk = shouldShowRequestPermissionRationale(Manifest.permission.CAMERA);
    int label = mayAsk ? R.string.allow_camera : R.string.open_settings;
    screen.showMessage(
        getText(R.string.needs_camera),
        label,
        new View.OnClickListener() {
          @Override
          public void onClick(View view) {
            if (mayAsk) {
              requestPermissions(new String[] {Manifest.permission.CAMERA}, ASK_CAMERA);
            } else {
              Uri app = Uri.fromParts("package", getPackageName(), null);
              startActivity(new Intent(Settings.ACTION_APPLICATION_DETAILS_SETTINGS, app));
            }
          }
        });
  }

  private void showModelError(String reason) {
    session.pause();
    // A model that the user chose may be gone; that of the app is still there.
    final boolean own = session.hasOwnModel();
    screen.showMessage(
        getString(session.modelError, reason),
        R.string.model,
        new View.OnClickListener() {
          @Override
          public void onClick(View view) {
            pickModel();
          }
        });
    if (own) {
      session.note = getString(session.modelError, reason);
      session.useModel(null);
    }
  }

  private void pickModel() {
    pick(new Intent(Intent.ACTION_OPEN_DOCUMENT).setType("*/*"), PICK_MODEL);
  }

  private void pick(Intent intent, int request) {
    try {
      startActivityForResult(intent.addCategory(Intent.CATEGORY_OPENABLE), request);
    } catch (ActivityNotFoundException error) {
      session.note = String.valueOf(error.getMessage());
    }
  }

  private void startRecording(Uri uri) {
    try {
      OutputStream stream = getContentResolver().openOutputStream(uri);
      if (stream != null) {
        session.pose.record(stream);
        session.recording = true;
        session.note = null;
      }
    } catch (FileNotFoundException | SecurityException error) {
      session.note = getString(R.string.recording_failed, error.getMessage());
    }
  }

  private DisplayManager displays() {
    return (DisplayManager) getSystemService(DISPLAY_SERVICE);
  }

  /** Returns the clockwise rotation of the screen in degrees. */
  private int displayRotation() {
    return 90 * getWindowManager().getDefaultDisplay().getRotation();
  }
}

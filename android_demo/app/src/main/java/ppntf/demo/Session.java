package ppntf.demo;

import android.content.Context;
import android.content.SharedPreferences;
import android.net.Uri;

/** What survives a rotation of the screen: the network, the source and the choices of the user. */
final class Session {
  private static final String FRONT = "front";
  private static final String GPU = "gpu";
  private static final String MODEL = "model";

  final PoseThread pose;
  private final Context context;
  private final SharedPreferences preferences;
  private FrameSource source;
  private Uri video;
  private int rotation;
  /** Error of the model, as a message, or 0. */
  int modelError;
  boolean modelLoaded;
  boolean onGpu;
  boolean recording;
  /** Note below the status line, or null. */
  String note;

  Session(Context context) {
    this.context = context.getApplicationContext();
    preferences = this.context.getSharedPreferences("demo", Context.MODE_PRIVATE);
    pose = new PoseThread(this.context);
    load();
  }

  boolean isFront() {
    return preferences.getBoolean(FRONT, false);
  }

  boolean isVideo() {
    return video != null;
  }

  /** Takes the side of the camera, in place of a video. */
  void useCamera(boolean front) {
    preferences.edit().putBoolean(FRONT, front).apply();
    video = null;
    closeSource();
  }

  /** Takes a video in place of the camera. */
  void useVideo(Uri uri) {
    video = uri;
    closeSource();
  }

  /** Takes the processor, and loads the model for it. */
  void useGpu(boolean gpu) {
    preferences.edit().putBoolean(GPU, gpu).apply();
    note = null;
    load();
  }

  /** Takes a model that the user chose, or null for the model of the app. */
  void useModel(Uri uri) {
    SharedPreferences.Editor editor = preferences.edit();
    if (uri == null) {
      editor.remove(MODEL);
    } else {
      editor.putString(MODEL, uri.toString());
      note = null;
    }
    editor.apply();
    load();
  }

  boolean hasOwnModel() {
    return preferences.getString(MODEL, null) != null;
  }

  /** Starts or resumes the camera or the video. */
  void resume(int displayRotation) {
    if (source == null) {
      pose.reset();
      source =
          video == null
              ? new CameraSource(context, isFront(), pose)
              : new VideoSource(context, video, pose);
    }
    setDisplayRotation(displayRotation);
    source.resume();
  }

  /** Takes the clockwise rotation of the screen in degrees. */
  void setDisplayRotation(int degrees) {
    if (source == null) {
      return;
    }
    if (degrees != rotation && video == null) {
      // The person is elsewhere in the turned frames.
      pose.reset();
    }
    rotation = degrees;
    source.setDisplayRotation(degrees);
  }

  /** Stops the frames until `resume`. */
  void pause() {
    if (source != null) {
      source.pause();
    }
  }

  /** Ends everything. */
  void close() {
    closeSource();
    pose.close();
  }

  private void load() {
    modelLoaded = false;
    modelError = 0;
    String model = preferences.getString(MODEL, null);
    pose.load(model == null ? null : Uri.parse(model), preferences.getBoolean(GPU, false));
  }

  private void closeSource() {
    if (source != null) {
      source.close();
      source = null;
    }
  }
}

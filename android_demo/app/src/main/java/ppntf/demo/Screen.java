package ppntf.demo;

import android.app.Activity;
import android.content.res.Resources;
import android.view.View;
import android.view.WindowManager;
import android.widget.Button;
import android.widget.TextView;
import java.util.Locale;

/** Views of the activity: picture, status, messages and buttons. */
final class Screen {
  final PoseView picture;
  final Button camera;
  final Button processor;
  final Button video;
  final Button model;
  final Button record;
  private final TextView status;
  private final TextView note;
  private final View messagePanel;
  private final TextView message;
  private final Button action;
  private final Activity activity;

  Screen(Activity activity) {
    this.activity = activity;
    activity.setContentView(R.layout.main);
    picture = (PoseView) activity.findViewById(R.id.picture);
    camera = (Button) activity.findViewById(R.id.camera);
    processor = (Button) activity.findViewById(R.id.processor);
    video = (Button) activity.findViewById(R.id.video);
    model = (Button) activity.findViewById(R.id.model);
    record = (Button) activity.findViewById(R.id.record);
    status = (TextView) activity.findViewById(R.id.status);
    note = (TextView) activity.findViewById(R.id.note);
    messagePanel = activity.findViewById(R.id.message_panel);
    message = (TextView) activity.findViewById(R.id.message);
    action = (Button) activity.findViewById(R.id.action);
  }

  /** Shows a tracked frame in place of any message. */
  void show(TrackedFrame frame) {
    picture.show(frame);
    hideMessage();
    int text = frame.pose.found ? R.string.status_found : R.string.status_lost;
    double start = Double.isNaN(frame.startMilliseconds) ? 0 : frame.startMilliseconds;
    double step = Double.isNaN(frame.stepMilliseconds) ? 0 : frame.stepMilliseconds;
    String format = activity.getString(text);
    status.setText(
        String.format(
            Locale.getDefault(), format, frame.framesPerSecond, start, step,
            frame.pose.confidence()));
  }

  /** Shows a message in place of the picture, with a button or without. */
  void showMessage(CharSequence text, int label, View.OnClickListener listener) {
    picture.show(null);
    status.setText("");
    message.setText(text);
    messagePanel.setVisibility(View.VISIBLE);
    action.setVisibility(label == 0 ? View.GONE : View.VISIBLE);
    if (label != 0) {
      action.setText(label);
      action.setOnClickListener(listener);
    }
  }

  void hideMessage() {
    messagePanel.setVisibility(View.GONE);
  }

  /** Shows the choices of the user on the buttons, and lets the screen stay on. */
  void showChoices(Session session) {
    boolean nextIsBack = session.isFront() ^ session.isVideo();
    camera.setContentDescription(
        text(nextIsBack ? R.string.switch_camera_to_back : R.string.switch_camera_to_front));
    processor.setText(session.onGpu ? R.string.processor_gpu : R.string.processor_cpu);
    processor.setContentDescription(text(session.onGpu ? R.string.use_cpu : R.string.use_gpu));
    processor.setEnabled(session.modelLoaded);
    record.setText(session.recording ? R.string.stop : R.string.record);
    record.setContentDescription(
        text(session.recording ? R.string.stop_recording : R.string.start_recording));
    record.setEnabled(session.modelLoaded);
    note.setText(session.note);
    note.setVisibility(session.note == null ? View.GONE : View.VISIBLE);
    activity.getWindow().addFlags(WindowManager.LayoutParams.FLAG_KEEP_SCREEN_ON);
  }

  private CharSequence text(int id) {
    Resources resources = activity.getResources();
    return resources.getText(id);
  }
}

package ppntf.demo;

import android.app.Application;

/** Holder of the session, which outlives the activity when the screen is rotated. */
public final class DemoApplication extends Application {
  private Session session;

  /** Returns the session, a new one after `end`. */
  Session session() {
    if (session == null) {
      session = new Session(this);
    }
    return session;
  }

  /** Ends the session. */
  void end() {
    if (session != null) {
      session.close();
      session = null;
    }
  }
}

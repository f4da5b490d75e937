package ppntf.web;

import android.Manifest;
import android.annotation.SuppressLint;
import android.app.Activity;
import android.content.ActivityNotFoundException;
import android.content.Intent;
import android.content.pm.PackageManager;
import android.net.Uri;
import android.os.Bundle;
import android.webkit.PermissionRequest;
import android.webkit.ValueCallback;
import android.webkit.WebChromeClient;
import android.webkit.WebSettings;
import android.webkit.WebView;
import android.widget.TextView;

/** Shows the browser demo from the app's assets. */
public final class WebActivity extends Activity {
  private static final int ASK_CAMERA = 1;
  private static final int PICK_FILE = 2;

  private WebView web;
  private PermissionRequest waiting;
  private ValueCallback<Uri[]> chosen;

  @Override
  @SuppressLint("SetJavaScriptEnabled")
  protected void onCreate(Bundle state) {
    super.onCreate(state);
    try {
      web = new WebView(this);
    } catch (RuntimeException error) {
      // Thrown where the system's WebView is missing or being updated.
      TextView text = new TextView(this);
      text.setText(R.string.no_webview);
      setContentView(text);
      return;
    }
    web.setContentDescription(getText(R.string.page));
    web.setFitsSystemWindows(true);
    WebSettings settings = web.getSettings();
    settings.setJavaScriptEnabled(true);
    settings.setDomStorageEnabled(true);
    settings.setMediaPlaybackRequiresUserGesture(false);
    settings.setAllowFileAccess(false);
    // Documents that the user picks have content addresses.
    settings.setAllowContentAccess(true);
    web.setWebViewClient(new AssetPages(getAssets()));
    web.setWebChromeClient(new Requests());
    setContentView(web);
    web.loadUrl(AssetPages.START);
  }

  @Override
  protected void onResume() {
    super.onResume();
    if (web != null) {
      web.onResume();
    }
  }

  @Override
  protected void onPause() {
    if (web != null) {
      web.onPause();
    }
    super.onPause();
  }

  @Override
  protected void onDestroy() {
    if (web != null) {
      web.destroy();
    }
    super.onDestroy();
  }

  @Override
  public void onBackPressed() {
    if (web != null && web.canGoBack()) {
      web.goBack();
    } else {
      super.onBackPressed();
    }
  }

  @Override
  public void onRequestPermissionsResult(int request, String[] permissions, int[] results) {
    if (request == ASK_CAMERA && waiting != null) {
      answer(waiting);
      waiting = null;
    }
  }

  @Override
  protected void onActivityResult(int request, int result, Intent data) {
    if (request == PICK_FILE && chosen != null) {
      chosen.onReceiveValue(WebChromeClient.FileChooserParams.parseResult(result, data));
      chosen = null;
    }
  }

  private boolean cameraAllowed() {
    return checkSelfPermission(Manifest.permission.CAMERA) == PackageManager.PERMISSION_GRANTED;
  }

  private void answer(PermissionRequest request) {
    if (cameraAllowed()) {
      request.grant(new String[] {PermissionRequest.RESOURCE_VIDEO_CAPTURE});
    } else {
      request.deny();
    }
  }

  /** Answers what pages ask for: the camera and files. */
  private final class Requests extends WebChromeClient {
    @Override
    public void onPermissionRequest(PermissionRequest request) {
      boolean own = AssetPages.HOST.equals(request.getOrigin().getHost());
      boolean camera = false;
      for (String resource : request.getResources()) {
        camera |= PermissionRequest.RESOURCE_VIDEO_CAPTURE.equals(resource);
      }
      if (!own || !camera) {
        request.deny();
      } else if (cameraAllowed()) {
        answer(request);
      } else {
        waiting = request;
        requestPermissions(new String[] {Manifest.permission.CAMERA}, ASK_CAMERA);
      }
    }

    @Override
    public void onPermissionRequestCanceled(PermissionRequest request) {
      if (request == waiting) {
        waiting = null;
      }
    }

    @Override
    public boolean onShowFileChooser(
        WebView view, ValueCallback<Uri[]> callback, FileChooserParams parameters) {
      if (chosen != null) {
        chosen.onReceiveValue(null);
      }
      chosen = callback;
      // Types of models, such as .tflite, are unknown to pickers.
      Intent intent = new Intent(Intent.ACTION_GET_CONTENT).setType("*/*");
      try {
        startActivityForResult(intent.addCategory(Intent.CATEGORY_OPENABLE), PICK_FILE);
      } catch (ActivityNotFoundException error) {
        chosen = null;
        return false;
      }
      return true;
    }
  }
}

package ppntf.web;

import android.content.res.AssetManager;
import android.net.Uri;
import android.webkit.WebResourceRequest;
import android.webkit.WebResourceResponse;
import android.webkit.WebView;
import android.webkit.WebViewClient;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Serves the app's assets under an https address, so that pages may use the camera and threads.
 *
 * <p>Every other address is refused: no request leaves the device.
 */
final class AssetPages extends WebViewClient {
  /** Reserved for apps; no host in the Internet has this name. */
  static final String HOST = "appassets.androidplatform.net";
  static final String START = "https://" + HOST + "/index.html";

  private static final String FOLDER = "web";
  private final AssetManager assets;

  AssetPages(AssetManager assets) {
    this.assets = assets;
  }

  @Override
  public WebResourceResponse shouldInterceptRequest(WebView view, WebResourceRequest request) {
    Uri address = request.getUrl();
    String scheme = address.getScheme();
    if ("blob".equals(scheme) || "data".equals(scheme)) {
      return null;
    }
    if (!"https".equals(scheme) || !HOST.equals(address.getHost())) {
      return failure(403, "Forbidden");
    }
    String path = address.getPath();
    String name = path == null || path.isEmpty() || path.endsWith("/") ? "/index.html" : path;
    if (name.contains("..")) {
      return failure(404, "Not Found");
    }
    try {
      InputStream content = assets.open(FOLDER + name, AssetManager.ACCESS_STREAMING);
      return response(type(name), 200, "OK", content);
    } catch (IOException error) {
      return failure(404, "Not Found");
    }
  }

  /** Returns the type of a file by the end of its name. */
  static String type(String name) {
    String end = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    switch (end) {
      case "html":
        return "text/html";
      case "js":
      case "mjs":
        return "text/javascript";
      case "css":
        return "text/css";
      case "json":
      case "map":
      case "webmanifest":
        return "application/json";
      case "wasm":
        // Browsers compile wasm while it loads only with this type.
        return "application/wasm";
      case "svg":
        return "image/svg+xml";
      case "png":
        return "image/png";
      case "mp4":
        return "video/mp4";
      case "webm":
        return "video/webm";
      default:
        return "application/octet-stream";
    }
  }

  private static WebResourceResponse failure(int code, String reason) {
    return response("text/plain", code, reason, new ByteArrayInputStream(new byte[0]));
  }

  private static WebResourceResponse response(
      String type, int code, String reason, InputStream content) {
    Map<String, String> headers = new HashMap<String, String>();
    // Both together isolate the page, which SharedArrayBuffer and thus threads require.
    headers.put("Cross-Origin-Opener-Policy", "same-origin");
    headers.put("Cross-Origin-Embedder-Policy", "require-corp");
    headers.put("Cross-Origin-Resource-Policy", "same-origin");
    String encoding = type.startsWith("text/") || type.endsWith("json") ? "utf-8" : null;
    return new WebResourceResponse(type, encoding, code, reason, headers, content);
  }
}

package ppntf.demo;

import android.content.Context;
import android.content.res.AssetFileDescriptor;
import android.net.Uri;
import android.os.ParcelFileDescriptor;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** Files of networks: the one in the app, or one that the user chose. */
final class ModelFile {
  /** Name of the network in the app's assets, where it is stored uncompressed. */
  static final String ASSET = "people.tflite";

  private ModelFile() {}

  /**
   * Maps a file into memory.
   *
   * @param uri document that the user chose, or null for the file in the app
   * @throws FileNotFoundException if there is no such file
   */
  static ByteBuffer map(Context context, Uri uri) throws IOException {
    if (uri == null) {
      try (AssetFileDescriptor asset = context.getAssets().openFd(ASSET);
          FileInputStream stream = new FileInputStream(asset.getFileDescriptor())) {
        return map(stream.getChannel(), asset.getStartOffset(), asset.getDeclaredLength());
      }
    }
    try (ParcelFileDescriptor file = context.getContentResolver().openFileDescriptor(uri, "r")) {
      if (file == null) {
        throw new FileNotFoundException(uri.toString());
      }
      try (FileInputStream stream = new FileInputStream(file.getFileDescriptor())) {
        return map(stream.getChannel(), 0, stream.getChannel().size());
      }
    }
  }

  private static ByteBuffer map(FileChannel channel, long start, long length) throws IOException {
    return channel.map(FileChannel.MapMode.READ_ONLY, start, length);
  }
}

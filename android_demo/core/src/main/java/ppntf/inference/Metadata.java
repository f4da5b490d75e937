package ppntf.inference;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/** Files in the zip archive at the end of a .tflite file. */
public final class Metadata {
  /** Name of the description of a network. */
  public static final String DESCRIPTION = "ppn_tf.json";

  private static final Charset UTF_8 = Charset.forName("UTF-8");
  private static final int END_SIGNATURE = 0x06054b50;
  private static final int ENTRY_SIGNATURE = 0x02014b50;
  private static final int LOCAL_SIGNATURE = 0x04034b50;
  private static final int END_LENGTH = 22;
  private static final int ENTRY_LENGTH = 46;
  private static final int LOCAL_LENGTH = 30;
  private static final int MAX_COMMENT = 65535;
  private static final int MAX_TEXT = 1 << 20;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;

  private Metadata() {}

  /**
   * Reads a file of the archive as text.
   *
   * @param file the whole .tflite file; its position and limit do not change
   * @return null if there is no archive, or no such file in it
   * @throws IllegalArgumentException if the archive is damaged
   */
  public static String read(ByteBuffer file, String name) {
    ByteBuffer bytes = file.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    bytes.rewind();
    int end = findEnd(bytes);
    if (end < 0) {
      return null;
    }
    try {
      return readEntry(bytes, end, name);
    } catch (IndexOutOfBoundsException error) {
      throw damaged("it points outside the file");
    }
  }

  /** Returns the position of the end-of-central-directory record, or -1. */
  private static int findEnd(ByteBuffer bytes) {
    int length = bytes.limit();
    int first = Math.max(0, length - END_LENGTH - MAX_COMMENT);
    for (int at = length - END_LENGTH; at >= first; at--) {
      boolean whole = bytes.getInt(at) == END_SIGNATURE;
      if (whole && at + END_LENGTH + unsigned(bytes.getShort(at + 20)) == length) {
        return at;
      }
    }
    return -1;
  }

  private static String readEntry(ByteBuffer bytes, int end, String name) {
    int count = unsigned(bytes.getShort(end + 10));
    int directorySize = bytes.getInt(end + 12);
    // Offsets count from the start of the archive, which some writers place after the model.
    int directory = end - directorySize;
    int archive = directory - bytes.getInt(end + 16);
    int at = directory;
    for (int index = 0; index < count; index++) {
      if (bytes.getInt(at) != ENTRY_SIGNATURE) {
        throw damaged("its directory has no entry " + index);
      }
      int nameLength = unsigned(bytes.getShort(at + 28));
      int skipped = unsigned(bytes.getShort(at + 30)) + unsigned(bytes.getShort(at + 32));
      if (name.equals(text(bytes, at + ENTRY_LENGTH, nameLength))) {
        return inflate(bytes, at, archive + bytes.getInt(at + 42));
      }
      at += ENTRY_LENGTH + nameLength + skipped;
    }
    return null;
  }

  private static String inflate(ByteBuffer bytes, int entry, int local) {
    int method = unsigned(bytes.getShort(entry + 10));
    int packedLength = bytes.getInt(entry + 20);
    int length = bytes.getInt(entry + 24);
    if (length < 0 || length > MAX_TEXT || packedLength < 0 || packedLength > MAX_TEXT) {
      throw damaged("its text has " + length + " bytes");
    }
    if (bytes.getInt(local) != LOCAL_SIGNATURE) {
      throw damaged("its directory points to no file");
    }
    int start = local + LOCAL_LENGTH
        + unsigned(bytes.getShort(local + 26)) + unsigned(bytes.getShort(local + 28));
    byte[] packed = slice(bytes, start, packedLength);
    byte[] content = method == DEFLATED ? unpack(packed, length) : packed;
    if (method != DEFLATED && method != STORED) {
      throw damaged("compression method " + method);
    }
    CRC32 sum = new CRC32();
    sum.update(content, 0, content.length);
    if ((int) sum.getValue() != bytes.getInt(entry + 16)) {
      throw damaged("its checksum differs");
    }
    return new String(content, UTF_8);
  }

  private static byte[] unpack(byte[] packed, int length) {
    Inflater inflater = new Inflater(true); // no zlib header
    try {
      // One byte more than packed, which Inflater requires without a header.
      inflater.setInput(java.util.Arrays.copyOf(packed, packed.length + 1));
      byte[] content = new byte[length];
      int done = 0;
      while (done < length && !inflater.finished()) {
        int count = inflater.inflate(content, done, length - done);
        if (count == 0 && (inflater.needsInput() || inflater.needsDictionary())) {
          break;
        }
        done += count;
      }
      if (done < length) {
        throw damaged("its text ends early");
      }
      return content;
    } catch (DataFormatException error) {
      throw damaged("its text cannot be inflated");
    } finally {
      inflater.end();
    }
  }

  private static String text(ByteBuffer bytes, int at, int length) {
    return new String(slice(bytes, at, length), UTF_8);
  }

  private static byte[] slice(ByteBuffer bytes, int at, int length) {
    if (at < 0 || length > bytes.limit() - at) {
      throw damaged("it points outside the file");
    }
    byte[] result = new byte[length];
    ByteBuffer view = bytes.duplicate();
    view.position(at);
    view.get(result);
    return result;
  }

  private static int unsigned(short value) {
    return value & 0xffff;
  }

  private static IllegalArgumentException damaged(String reason) {
    return new IllegalArgumentException(
        "the archive at the end of the model is damaged (" + reason
            + "). Export the network again.");
  }
}

package ppntf.nativecheck;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;

/** Functions of TensorFlow Lite's C library. */
public interface TfLite extends Library {
  /** Loads the library that -Dlibrary names. */
  static TfLite load() {
    return Native.load(System.getProperty("library"), TfLite.class);
  }

  String TfLiteVersion();

  Pointer TfLiteModelCreateFromFile(String path);

  void TfLiteModelDelete(Pointer model);

  Pointer TfLiteInterpreterOptionsCreate();

  void TfLiteInterpreterOptionsSetNumThreads(Pointer options, int threads);

  void TfLiteInterpreterOptionsDelete(Pointer options);

  Pointer TfLiteInterpreterCreate(Pointer model, Pointer options);

  void TfLiteInterpreterDelete(Pointer interpreter);

  int TfLiteInterpreterAllocateTensors(Pointer interpreter);

  Pointer TfLiteInterpreterGetInputTensor(Pointer interpreter, int index);

  Pointer TfLiteInterpreterGetOutputTensor(Pointer interpreter, int index);

  int TfLiteInterpreterInvoke(Pointer interpreter);

  int TfLiteTensorCopyFromBuffer(Pointer tensor, float[] values, long bytes);

  int TfLiteTensorCopyToBuffer(Pointer tensor, float[] values, long bytes);
}

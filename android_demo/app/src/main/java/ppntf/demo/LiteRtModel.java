package ppntf.demo;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.tensorflow.lite.DataType;
import org.tensorflow.lite.Interpreter;
import org.tensorflow.lite.gpu.GpuDelegate;
import ppntf.inference.Metadata;
import ppntf.inference.ModelDescription;
import ppntf.inference.PoseModel;
import ppntf.inference.StepHeatmaps;
import ppntf.keypoints.FloatImage;

/** Network in a .tflite file with the signatures `start` and `step`; for one thread only. */
final class LiteRtModel implements PoseModel, AutoCloseable {
  private static final String START = "start";
  private static final String STEP = "step";
  private static final String FRAME = "frame";
  private static final String PREVIOUS = "previous";
  private static final String HEATMAPS = "heatmaps";
  private static final String PRELIMINARY = "preliminary";
  private static final int NUM_THREADS = 4;

  private final ModelDescription description;
  private final Interpreter interpreter;
  private final GpuDelegate delegate;
  private final boolean hasPreliminary;
  private final ByteBuffer startFrame;
  private final ByteBuffer stepFrame;
  private final ByteBuffer previous;
  private final ByteBuffer heatmaps;
  private final ByteBuffer preliminary;

  /**
   * Loads a network.
   *
   * @param file the whole file, mapped or in a direct buffer
   * @param onGpu whether it runs on the GPU
   * @throws IllegalArgumentException if the file is not such a network
   */
  LiteRtModel(ByteBuffer file, boolean onGpu) {
    String text = Metadata.read(file, Metadata.DESCRIPTION);
    if (text == null) {
      throw new IllegalArgumentException(
          "it has no description. Export it with \u201cppn-tf export tflite\u201d.");
    }
    description = ModelDescription.parse(text);
    delegate = onGpu ? new GpuDelegate() : null;
    Interpreter opened = null;
    try {
      Interpreter.Options options = new Interpreter.Options();
      if (onGpu) {
        options.addDelegate(delegate);
      } else {
        options.setNumThreads(
            Math.max(1, Math.min(NUM_THREADS, Runtime.getRuntime().availableProcessors())));
      }
      opened = new Interpreter(file, options);
      checkSignatures(opened);
    } catch (RuntimeException error) {
      close(opened, delegate);
      throw error;
    }
    interpreter = opened;
    boolean wanted = !description.readout.equals("answer");
    hasPreliminary =
        wanted && Arrays.asList(interpreter.getSignatureOutputs(STEP)).contains(PRELIMINARY);
    int cells = description.heatmapHeight * description.heatmapWidth * description.numJoints();
    startFrame = frameBuffer(START, description.start.height * description.start.width * 3);
    stepFrame = frameBuffer(STEP, description.step.height * description.step.width * 3);
    previous = floats(cells);
    heatmaps = floats(cells);
    preliminary = floats(cells);
  }

  @Override
  public ModelDescription description() {
    return description;
  }

  @Override
  public FloatImage start(FloatImage crop) {
    fill(startFrame, crop, START);
    Map<String, Object> inputs = new HashMap<String, Object>();
    inputs.put(FRAME, startFrame);
    Map<String, Object> outputs = new HashMap<String, Object>();
    outputs.put(HEATMAPS, heatmaps.rewind());
    interpreter.runSignature(inputs, outputs, START);
    return read(heatmaps);
  }

  @Override
  public StepHeatmaps step(FloatImage crop, FloatImage maps) {
    fill(stepFrame, crop, STEP);
    previous.rewind();
    previous.asFloatBuffer().put(maps.values);
    Map<String, Object> inputs = new HashMap<String, Object>();
    inputs.put(FRAME, stepFrame);
    inputs.put(PREVIOUS, previous);
    Map<String, Object> outputs = new HashMap<String, Object>();
    outputs.put(HEATMAPS, heatmaps.rewind());
    if (hasPreliminary) {
      outputs.put(PRELIMINARY, preliminary.rewind());
    }
    interpreter.runSignature(inputs, outputs, STEP);
    return new StepHeatmaps(read(heatmaps), hasPreliminary ? read(preliminary) : null);
  }

  /**
   * Runs both signatures once, which compiles them for the GPU.
   *
   * @throws IllegalStateException if heatmaps are not finite numbers
   */
  void warmUp() {
    FloatImage maps = start(new FloatImage(description.start.height, description.start.width, 3));
    FloatImage crop = new FloatImage(description.step.height, description.step.width, 3);
    for (float value : step(crop, maps).finalMaps.values) {
      if (Float.isNaN(value) || Float.isInfinite(value)) {
        throw new IllegalStateException("its heatmaps are not numbers");
      }
    }
  }

  @Override
  public void close() {
    close(interpreter, delegate);
  }

  private static void close(Interpreter interpreter, GpuDelegate delegate) {
    if (interpreter != null) {
      interpreter.close();
    }
    if (delegate != null) {
      delegate.close();
    }
  }

  private void checkSignatures(Interpreter opened) {
    for (String key : new String[] {START, STEP}) {
      if (!Arrays.asList(opened.getSignatureKeys()).contains(key)) {
        throw new IllegalArgumentException(
            "it has no signature \u201c" + key + "\u201d. Export it again.");
      }
      DataType type = opened.getInputTensorFromSignature(FRAME, key).dataType();
      if (type != DataType.FLOAT32 && type != DataType.UINT8) {
        throw new IllegalArgumentException(
            "its frames are " + type + ". Export it with --frames=float32 or --frames=uint8.");
      }
    }
    int[] maps = {
      1, description.heatmapHeight, description.heatmapWidth, description.numJoints()
    };
    check(opened.getOutputTensorFromSignature(HEATMAPS, STEP).shape(), maps, "heatmaps");
    check(opened.getInputTensorFromSignature(PREVIOUS, STEP).shape(), maps, "previous");
    int[] frame = {1, description.step.height, description.step.width, 3};
    check(opened.getInputTensorFromSignature(FRAME, STEP).shape(), frame, "frame of step");
    int[] first = {1, description.start.height, description.start.width, 3};
    check(opened.getInputTensorFromSignature(FRAME, START).shape(), first, "frame of start");
  }

  private static void check(int[] shape, int[] expected, String what) {
    if (!Arrays.equals(shape, expected)) {
      throw new IllegalArgumentException(
          what + " has shape " + Arrays.toString(shape) + ", its description says "
              + Arrays.toString(expected) + ". Export it again.");
    }
  }

  private DataType frameType(String signature) {
    return interpreter.getInputTensorFromSignature(FRAME, signature).dataType();
  }

  private ByteBuffer frameBuffer(String signature, int values) {
    return frameType(signature) == DataType.UINT8
        ? ByteBuffer.allocateDirect(values).order(ByteOrder.nativeOrder())
        : floats(values);
  }

  private void fill(ByteBuffer target, FloatImage crop, String signature) {
    target.rewind();
    if (frameType(signature) == DataType.FLOAT32) {
      target.asFloatBuffer().put(crop.values);
      return;
    }
    for (float value : crop.values) {
      target.put((byte) Math.min(Math.max((int) Math.rint(value), 0), 255));
    }
    target.rewind();
  }

  private FloatImage read(ByteBuffer source) {
    source.rewind();
    FloatBuffer values = source.asFloatBuffer();
    FloatImage maps =
        new FloatImage(
            description.heatmapHeight, description.heatmapWidth, description.numJoints());
    values.get(maps.values);
    return maps;
  }

  private static ByteBuffer floats(int count) {
    return ByteBuffer.allocateDirect(4 * count).order(ByteOrder.nativeOrder());
  }
}

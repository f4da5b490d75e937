package org.tensorflow.lite;

import java.nio.ByteBuffer;
import java.util.Map;

/** Declarations of LiteRT's Interpreter that the demo uses, to compile without LiteRT. */
public final class Interpreter implements AutoCloseable {
  public Interpreter(ByteBuffer model, Options options) {
    throw new UnsupportedOperationException("a declaration without LiteRT");
  }

  public String[] getSignatureKeys() {
    throw new UnsupportedOperationException();
  }

  public String[] getSignatureInputs(String signatureKey) {
    throw new UnsupportedOperationException();
  }

  public String[] getSignatureOutputs(String signatureKey) {
    throw new UnsupportedOperationException();
  }

  public Tensor getInputTensorFromSignature(String inputName, String signatureKey) {
    throw new UnsupportedOperationException();
  }

  public Tensor getOutputTensorFromSignature(String outputName, String signatureKey) {
    throw new UnsupportedOperationException();
  }

  public void runSignature(
      Map<String, Object> inputs, Map<String, Object> outputs, String signatureKey) {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }

  /** Options of an interpreter. */
  public static class Options {
    public Options() {}

    public Options setNumThreads(int numThreads) {
      throw new UnsupportedOperationException();
    }

    public Options addDelegate(Delegate delegate) {
      throw new UnsupportedOperationException();
    }
  }
}

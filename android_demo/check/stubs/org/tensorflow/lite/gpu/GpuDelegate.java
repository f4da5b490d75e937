package org.tensorflow.lite.gpu;

import org.tensorflow.lite.Delegate;

/** Declaration of LiteRT's GPU delegate. */
public class GpuDelegate implements Delegate {
  public GpuDelegate() {
    throw new UnsupportedOperationException("a declaration without LiteRT");
  }

  @Override
  public long getNativeHandle() {
    throw new UnsupportedOperationException();
  }

  @Override
  public void close() {
    throw new UnsupportedOperationException();
  }
}

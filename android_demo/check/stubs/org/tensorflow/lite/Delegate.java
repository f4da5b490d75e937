package org.tensorflow.lite;

/** Declaration of LiteRT's interface of delegates. */
public interface Delegate extends AutoCloseable {
  long getNativeHandle();

  @Override
  void close();
}

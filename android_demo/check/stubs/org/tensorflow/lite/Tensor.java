package org.tensorflow.lite;

/** Declaration of LiteRT's interface of tensors, as far as the demo uses it. */
public interface Tensor {
  DataType dataType();

  int[] shape();
}

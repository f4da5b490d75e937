package org.tensorflow.lite;

/** Declaration of LiteRT's types of tensors, as far as the demo uses them. */
public enum DataType {
  FLOAT32,
  UINT8,
}

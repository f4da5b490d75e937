"""Chooses Keras 2 before any test module can import TensorFlow."""

import ppn_tf

assert ppn_tf.__version__

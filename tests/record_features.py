"""Features of a clip's record, defined independently of the code under test."""

import numpy as np

import tensorflow_datasets as tfds


def features() -> tfds.features.FeaturesDict:
  """Returns the features of a data set with 13 joints."""
  return tfds.features.FeaturesDict(
    {
      "clip": tfds.features.Text(),
      "action": tfds.features.Text(),
      "frames": tfds.features.Sequence(
        tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg")
      ),
      "keypoints": tfds.features.Tensor(shape=(None, 13, 2), dtype=np.float32),
      "visibility": tfds.features.Tensor(shape=(None, 13), dtype=np.bool_),
      "boxes": tfds.features.Tensor(shape=(None, 4), dtype=np.float32),
      "image_size": tfds.features.Tensor(shape=(2,), dtype=np.int32),
    }
  )

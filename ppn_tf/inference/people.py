"""Network for people that comes with the package: `--model=people`.

docs/people.md describes its training and its scores, docs/model_card.md its uses and limits.
"""

import pathlib

from ppn_tf.inference.pose_model import PoseModel, TFLitePoseModel

NAME = "people"
# Written by `ppn-tf export tflite --model=people --quantize=float16`.
FILE = pathlib.Path(__file__).parent / "weights" / "people.tflite"


def pose_model(num_threads: int = 2) -> PoseModel:
  """Loads the network for tracking, with its joints and the settings of its crops.

  Args:
    num_threads: CPU threads.
  """
  return TFLitePoseModel(FILE, num_threads)

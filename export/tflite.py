"""Writes a .tflite: `python -m export.tflite --workdir=RUN --output=FILE.tflite`.

The file is float32, of batch 1, has the signatures `start` and `step`, and is
compared with the network it was made from over a recurrent clip before it
appears.
"""

from typing import Sequence

import numpy as np
from absl import flags

from ppn_tf import doors, experiment, serving
from ppn_tf.clips import pipeline
from ppn_tf.errors import InputError
from ppn_tf.outputs import complete_or_absent
from ppn_tf.tracking.pose_models import TFLitePoseModel

FLAGS = flags.FLAGS
_NUM_FRAMES = 30
_TOLERANCE = 1e-3


def define_flags() -> None:
  flags.DEFINE_string("output", None, "File to write.")


def _frames(image_size: Sequence[int]) -> np.ndarray:
  """30 frames to compare on: of --dataset, or else a drifting random picture."""
  height, width = image_size
  if FLAGS.dataset:
    builder = experiment.open_dataset(FLAGS.eval_split)
    windows = pipeline.evaluation_windows(
      builder, FLAGS.eval_split, num_frames=_NUM_FRAMES, image_size=(height, width)
    )
    return next(iter(windows))["frames"][0].numpy()
  picture = np.random.default_rng(0).uniform(0, 255, (height // 8, width // 8, 3))
  picture = np.kron(picture, np.ones((8, 8, 1)))
  return np.stack([np.roll(picture, 2 * t, 1) for t in range(_NUM_FRAMES)]).astype(np.float32)


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  output = experiment.required("output")
  if not output.endswith(".tflite"):
    raise InputError(f"--output={output}: the file's name must end in .tflite.")
  model = experiment.load_checked_run()
  content = serving.to_tflite(model)
  ops = serving.tflite_ops(content)
  custom = [name for name in ops if name.startswith("custom:")]
  if custom:
    raise InputError(f"{output}: not written, it would need custom ops: {', '.join(custom)}.")
  frames = _frames(model.image_size)
  with complete_or_absent(output) as partial:
    partial.write_bytes(content)
    difference = serving.recurrent_difference(model, TFLitePoseModel(partial), frames)
    if not difference <= _TOLERANCE:
      raise InputError(
        f"{output}: not written, it differs from the network by {difference:.2g} over "
        f"{len(frames)} frames. Expected at most {_TOLERANCE:g}."
      )
  print(f"{output}: {len(content) / 1e6:.2f} MB, {sum(ops.values())} builtin ops, none custom.")
  print(f"largest difference over {len(frames)} recurrent frames: {difference:.2g}")


if __name__ == "__main__":
  define_flags()
  doors.run(main)

"""Writes weights as a package has them: `python -m export.weights --workdir=RUN --output=FILE.npz`.

The file has a run's network in float16, batch norms folded, and says how it is
built; ppn_tf/inference/weights/people.npz is such a file. It is compared with the network
over recurrent frames before it appears.
"""

from typing import Sequence

from absl import flags

from ppn_tf.config import experiment
from ppn_tf.inference import people
from ppn_tf.inference.pose_model import KerasPoseModel
from ppn_tf.runtime import app
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent

from . import exported_network

FLAGS = flags.FLAGS
# Of heatmaps that are about 1 high; float16 rounds weights to a two thousandth.
_TOLERANCE = 0.05


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  output = experiment.required("output")
  if not output.endswith(".npz"):
    raise InputError(f"--output={output}: the file's name must end in .npz.")
  model = experiment.load_checked_run()
  if FLAGS.quantize_aware:
    raise InputError(f"--workdir={FLAGS.workdir}: is quantization-aware. Give its float run.")
  settings = experiment.model_flags()
  more = ("initial_gain", "box_margin", "steady_crops", "readout")
  settings.update({name: FLAGS[name].value for name in more})
  with complete_or_absent(output) as partial:
    people.write(model, settings, partial)
    again = KerasPoseModel(people.read(partial)[0])
    frames = exported_network.moving_picture(model.image_size)
    difference = exported_network.check_difference(output, model, again, frames, _TOLERANCE)
    size = partial.stat().st_size
  print(f"{output}: {size / 1e6:.2f} MB; differs over {len(frames)} frames by {difference:.2g}")


if __name__ == "__main__":
  exported_network.define_readout()
  flags.DEFINE_string("output", None, "File to write.")
  app.run(main)

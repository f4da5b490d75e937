"""Writes the weights of a run as one .npz file.

  python -m export.weights --workdir=RUN --output=FILE.npz

The file holds the network in float16, batch norms folded, and its settings, like
ppn_tf/inference/weights/people.npz. Before it appears, it is compared with the network over
recurrent frames. --new_head_weights and --new_head_backbone give it another HeadNet.
"""

from typing import Any, Mapping, Sequence

from absl import flags

from ppn_tf.config import flags as experiment_flags
from ppn_tf.inference import people_weights
from ppn_tf.inference.runs import load_run
from ppn_tf.inference.tensorflow_models import KerasPoseModel
from ppn_tf.models.build import NetworkConfig, build_network
from ppn_tf.models.pose_net import BACKBONES
from ppn_tf.models.ppn import PPN, Framewise
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.files import complete_or_absent
from ppn_tf.training.initial_weights import load_weights

from . import exported_network

FLAGS = flags.FLAGS
# Heatmaps are about 1 high, and float16 rounds weights to 1/2048.
_TOLERANCE = 0.05


def replace_head(
  model: Framewise, settings: Mapping[str, Any], backbone: str, weights: str
) -> Framewise:
  """Returns a PPN with another HeadNet, and the BodyNet and PPU of a trained one.

  Args:
    model: trained PPN.
    settings: flags that describe it, by name.
    backbone: backbone of the new HeadNet.
    weights: what `load_weights` takes for it.
  Raises:
    InputError: the model is frame-wise, or the weights belong to another network.
  """
  if not isinstance(model, PPN):
    raise InputError("--new_head_weights: a frame-wise network has no HeadNet. Give a PPN's run.")
  changed = build_network(NetworkConfig.from_flags({**settings, "head_backbone": backbone}))
  assert isinstance(changed, PPN)
  load_weights(changed.head_net, "head", backbone, weights)
  changed.body_net.set_weights(model.body_net.get_weights())
  changed.ppu.set_weights(model.ppu.get_weights())
  return changed


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  output = FLAGS.output
  if not output.endswith(".npz"):
    raise InputError(f"--output={output}: the file's name must end in .npz.")
  if FLAGS.new_head_backbone and not FLAGS.new_head_weights:
    raise InputError(
      f"--new_head_backbone={FLAGS.new_head_backbone}: has no weights. Give --new_head_weights."
    )
  experiment = experiment_flags.experiment_of_run()
  model = load_run(FLAGS.workdir, FLAGS.checkpoint).model
  if experiment.network.quantize_aware:
    raise InputError(f"--workdir={FLAGS.workdir}: is a quantization-aware run. Give its float run.")
  names = ("initial_gain", "box_margin", "steady_crops")
  values = experiment.to_flags()
  settings = {**experiment.network.to_flags(), **{name: values[name] for name in names}}
  settings["readout"] = FLAGS.readout
  if FLAGS.new_head_weights:
    backbone = FLAGS.new_head_backbone or settings["head_backbone"]
    model = replace_head(model, settings, backbone, FLAGS.new_head_weights)
    settings["head_backbone"] = backbone
  with complete_or_absent(output) as partial:
    people_weights.write(model, settings, partial)
    written = KerasPoseModel(people_weights.read(partial)[0])
    frames = exported_network.make_drifting_frames(model.image_size)
    difference = exported_network.check_difference(output, model, written, frames, _TOLERANCE)
    size = partial.stat().st_size
  print(f"{output}: {size / 1e6:.2f} MB; differs over {len(frames)} frames by {difference:.2g}")


def define_flags() -> None:
  """Defines the flags of this command."""
  exported_network.define_readout()
  flags.DEFINE_string("output", None, "File to write.")
  flags.DEFINE_string(
    "new_head_weights", None, "Weights of another HeadNet; see --head_weights of training."
  )
  flags.DEFINE_enum(
    "new_head_backbone", None, sorted(BACKBONES), "Its backbone; by default that of the run."
  )
  experiment_flags.define(from_run=True)
  command_flags.mark_required("workdir", "output")


if __name__ == "__main__":
  define_flags()
  app.run(main)

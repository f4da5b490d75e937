"""Writes a SavedModel: `python -m export.saved_model --workdir=RUN --output=FOLDER`.

Its signatures `start` and `step` take any number of frames at once, and it
loads without this package.
"""

from typing import Sequence

from absl import flags

from ppn_tf import doors, experiment, serving

FLAGS = flags.FLAGS


def define_flags() -> None:
  flags.DEFINE_string("output", None, "Folder to write.")


def main(argv: Sequence[str]) -> None:
  doors.no_arguments(argv)
  output = experiment.required("output")
  model = experiment.load_checked_run()
  serving.write_saved_model(model, output)
  print(f"{output}: signatures start and step, frames {model.image_size}.")


if __name__ == "__main__":
  define_flags()
  doors.run(main)

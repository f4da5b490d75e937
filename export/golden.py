"""Writes golden vectors: inputs and results by which clients in other languages test themselves.

  python -m export.golden --output=DIR

Each file has the cases of one rule: crops, decoding, moved heatmaps, tracking of a whole clip and
others; docs/client.md lists them. The results are those of this package, and tests compare them
with other implementations. No network is required.
"""

from typing import Any, Callable, Dict, Iterable, Sequence

from absl import flags

from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.files import complete_or_absent

from .golden_vectors import (
  clip_cases,
  heatmap_cases,
  image_cases,
  json_arrays,
  metadata_cases,
  tracking_cases,
)

FLAGS = flags.FLAGS
Cases = Iterable[Dict[str, Any]]
# Functions that make the cases of each file, by its name without ".json".
RULES: Dict[str, Callable[[], Cases]] = {
  "crops": image_cases.crops,
  "moved_heatmaps": heatmap_cases.moved_heatmaps,
  "start_heatmaps": heatmap_cases.start_heatmaps,
  "decoding": heatmap_cases.decoding,
  "present_places": heatmap_cases.present_places,
  "evidence": tracking_cases.evidence,
  "joints_box": tracking_cases.joints_box,
  "search_boxes": tracking_cases.search_boxes,
  "cuts": tracking_cases.cut_detection,
  "smoothing": tracking_cases.smoothed_poses,
  "color": image_cases.colors,
  "transforms": image_cases.transforms,
  "metadata": metadata_cases.descriptions,
  "clip": clip_cases.clips,
}


def define_flags() -> None:
  """Defines the flags of this command."""
  flags.DEFINE_string("output", None, "Folder to write.")
  command_flags.mark_required("output")


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  command_flags.check_required()
  size = 0
  with complete_or_absent(FLAGS.output) as partial:
    partial.mkdir()
    for rule, make_cases in RULES.items():
      content = json_arrays.to_json(rule, list(make_cases()))
      size += (partial / f"{rule}.json").write_text(content, encoding="utf-8")
  print(f"{FLAGS.output}: {len(RULES)} files, {size / 1e6:.2f} MB.")


if __name__ == "__main__":
  define_flags()
  app.run(main)

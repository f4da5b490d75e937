"""The page itself: what was gathered, laid out by the template."""

from typing import Any, Dict, Optional, Sequence, Tuple

import jinja2

from ppn_tf.evaluation.reporting import accuracy, along_clip, figures, graphs, making, scores
from ppn_tf.evaluation.reporting.latency import REPEATS, Network
from ppn_tf.evaluation.reporting.pictures import ALPHA
from ppn_tf.evaluation.reporting.runs import Run
from ppn_tf.evaluation.reporting.sheets import Sheet, threshold_of
from ppn_tf.evaluation.reporting.tracks import Track
from ppn_tf.evaluation.reporting.unseen import Heatmaps, Strip

_TEMPLATE = "report.html.jinja"


def render(
  title: str,
  runs: Sequence[Run],
  facts: Sequence[Tuple[str, str]],
  command: str,
  split: str = "",
  strips: Sequence[Strip] = (),
  heatmaps: Optional[Heatmaps] = None,
  networks: Sequence[Network] = (),
  tracks: Sequence[Track] = (),
  sheets: Sequence[Sheet] = (),
) -> str:
  """The whole page as HTML; sections of which nothing was gathered are left out.

  Args:
    title: heading and window title.
    runs: at least one; their order gives the colours.
    facts: (name, value) of how the page was made.
    command: how it was made, to be pasted.
    split: where the strips and sheets are from.
    strips: frames of unseen clips.
    heatmaps: the parts of one run's answer.
    networks: exported files.
    tracks: tracked videos.
    sheets: clips as the runs predicted them.
  """
  differing, shared = making.flag_rows(runs)
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("ppn_tf.evaluation", "reporting"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
  )
  content: Dict[str, Any] = {
    "title": title,
    "summary": scores.summary(runs),
    "legend": graphs.legend(runs),
    "light": graphs.LIGHT,
    "dark": graphs.DARK,
    "scores": scores.score_table(runs),
    "num_means": len(scores.MEANS),
    "has_clean": any(run.measured("pck_torso_clean") for run in runs),
    "bars": accuracy.group_bars(runs),
    "actions": scores.action_table(runs),
    "clips": scores.clip_table(runs),
    "alpha": " or ".join(f"{alpha:g}" for alpha in accuracy.alphas_of(runs)) or "alpha",
    "thresholds": accuracy.threshold_curves(runs),
    "areas": scores.area_table(runs),
    "along_clip": along_clip.along_clip(runs),
    "falling": any(along_clip.falls(run) for run in runs),
    "drift": along_clip.drift_table(runs),
    "solid": f"{100 * along_clip.SOLID:.0f} %",
    "shown": f"{100 * along_clip.SHOWN:.0f} %",
    "jitter": scores.jitter_table(runs),
    "curves": figures.learning_curves(runs),
    "sheets": sheets,
    "sheet_alpha": f"{threshold_of([run for run in runs if run.predictions]):g}",
    "split": split,
    "picture_alpha": f"{ALPHA:g}",
    "strips": strips,
    "heatmaps": heatmaps,
    "networks": networks,
    "repeats": REPEATS,
    "tracks": tracks,
    "facts": facts,
    "trainings": [(run.name, words) for run in runs if (words := making.training_facts(run))],
    "command": command,
    "flagged": [run.name for run in runs if run.flags],
    "differing": differing,
    "shared": shared,
  }
  return environment.get_template(_TEMPLATE).render(content)

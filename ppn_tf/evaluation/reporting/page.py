"""Renders the page from its template."""

from typing import Any, Dict, Optional, Sequence, Tuple

import jinja2

from ppn_tf.evaluation.reporting import accuracy, along_clip, figures, graphs, provenance, scores
from ppn_tf.evaluation.reporting.latency import REPEATS, Network
from ppn_tf.evaluation.reporting.pictures import ALPHA
from ppn_tf.evaluation.reporting.runs import Run
from ppn_tf.evaluation.reporting.sheets import Sheet, get_threshold
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
  """Renders the whole page as HTML without the sections that have no content.

  Args:
    title: heading and window title.
    runs: at least one; their order determines the colors.
    facts: (name, value) pairs about the creation of the page.
    command: shell command that created the page.
    split: split of the strips and sheets.
    strips: frames of test clips.
    heatmaps: heatmaps of one run's networks.
    networks: measured exported files.
    tracks: tracked videos.
    sheets: clips with the predictions of the runs.
  """
  differing, shared = provenance.flag_rows(runs)
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
    "alpha": " or ".join(f"{alpha:g}" for alpha in accuracy.get_alphas(runs)) or "alpha",
    "thresholds": accuracy.threshold_curves(runs),
    "areas": scores.area_table(runs),
    "along_clip": along_clip.along_clip(runs),
    "decreasing": any(along_clip.has_decreasing_counts(run) for run in runs),
    "drift": along_clip.drift_table(runs),
    "solid": f"{100 * along_clip.SOLID:.0f} %",
    "shown": f"{100 * along_clip.SHOWN:.0f} %",
    "jitter": scores.jitter_table(runs),
    "curves": figures.learning_curves(runs),
    "sheets": sheets,
    "sheet_alpha": f"{get_threshold([run for run in runs if run.predictions]):g}",
    "split": split,
    "picture_alpha": f"{ALPHA:g}",
    "strips": strips,
    "heatmaps": heatmaps,
    "networks": networks,
    "repeats": REPEATS,
    "tracks": tracks,
    "facts": facts,
    "trainings": [(run.name, words) for run in runs if (words := provenance.training_facts(run))],
    "command": command,
    "flagged": [run.name for run in runs if run.flags],
    "differing": differing,
    "shared": shared,
  }
  return environment.get_template(_TEMPLATE).render(content)

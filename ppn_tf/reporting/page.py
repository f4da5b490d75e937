"""The page itself: what was gathered, laid out by the template."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import jinja2

from ppn_tf.reporting import figures, making, scores
from ppn_tf.reporting.latency import REPEATS, Network
from ppn_tf.reporting.pictures import ALPHA
from ppn_tf.reporting.runs import Run
from ppn_tf.reporting.tracks import Track
from ppn_tf.reporting.unseen import Heatmaps, Strip

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
) -> str:
  """The whole page as HTML; sections of which nothing was gathered are left out.

  Args:
    title: heading and window title.
    runs: at least one; their order gives the colours.
    facts: (name, value) of how the page was made.
    command: how it was made, to be pasted.
    split: where the strips are from.
    strips: frames of unseen clips.
    heatmaps: the parts of one run's answer.
    networks: exported files.
    tracks: tracked videos.
  """
  differing, shared = making.flag_rows(runs)
  environment = jinja2.Environment(
    loader=jinja2.PackageLoader("ppn_tf", "reporting"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
  )
  content: Dict[str, Any] = {
    "title": title,
    "summary": scores.summary(runs),
    "colours": {run.name: index % len(figures.LIGHT.runs) for index, run in enumerate(runs)},
    "light": figures.LIGHT,
    "dark": figures.DARK,
    "scores": scores.score_table(runs),
    "clips": scores.clip_table(runs),
    "alpha": _alpha(runs),
    "curves": figures.learning_curves(runs),
    "along_clip": figures.pck_along_clip(runs),
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


def _alpha(runs: Sequence[Run]) -> str:
  """The evaluations' alpha, or all of them if they differ."""
  known: List[str] = []
  for run in runs:
    alpha = scores.number((run.evaluation or {}).get("alpha"))
    if alpha is not None and f"{alpha:g}" not in known:
      known.append(f"{alpha:g}")
  return " or ".join(known) or "alpha"

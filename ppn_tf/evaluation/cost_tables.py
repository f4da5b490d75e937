"""Tables of costs, for a terminal or in Markdown."""

import textwrap
from typing import Dict, List, Sequence, Tuple

from ppn_tf.evaluation.costs import Cost, LayerCost
from ppn_tf.evaluation.paper_rows import Part, Row
from ppn_tf.evaluation.text_tables import MARKDOWN, TEXT, table


def _giga(count: float) -> str:
  return f"{count / 1e9:.2f}"


def _mega(count: float) -> str:
  return f"{count / 1e6:.2f}"


def _difference(ours: float, published: float) -> str:
  return f"{100 * (ours / published - 1):+.2f} %"


def model_table(
  costs: Dict[str, Cost], layers: Dict[str, List[LayerCost]], markdown: bool = False
) -> str:
  """The parts of one model and, below each, its layers.

  Args:
    costs: by part, as from `profiler.model_costs`.
    layers: by part; what is missing is not listed.
    markdown: whether it is for a Markdown file.
  """
  named = []
  for part, cost in costs.items():
    named.append((part, cost))
    for layer in layers.get(part, []):
      size = "x".join(map(str, layer.output_shape))
      named.append((f"  {layer.name} ({layer.kind}, {size})", layer.cost))
  rows = [
    [name, *(f"{n:,}" for n in (c.macs, c.deformable_macs, c.params, c.trainable_params))]
    for name, c in named
  ]
  header = ["part", "MACs", "of which deformable", "parameters", "of which trainable"]
  return table(header, rows, MARKDOWN if markdown else TEXT)


def paper_table(rows: Sequence[Tuple[Row, Dict[str, Cost]]], markdown: bool = False) -> str:
  """The paper's rows beside the costs of their models; the remarks below.

  The costs are those of `step`, and of `start` where HeadNet is another network.
  """
  remarks: List[str] = []
  lines = []
  for row, costs in rows:
    for remark in row.remarks:
      if remark not in remarks:
        remarks.append(remark)
    step, head = costs["step"], costs.get("head_net")
    lines.append(
      [
        row.table,
        row.name,
        f"{row.config}.cfg",
        "" if row.gflops is None else f"{row.gflops:.2f}",
        _giga(step.macs),
        "" if row.gflops is None else _difference(step.macs, row.gflops * 1e9),
        _mega(step.params),
        "" if head is None else _giga(head.macs),
        "" if head is None else _mega(head.params),
        " ".join(f"({remarks.index(remark) + 1})" for remark in row.remarks),
      ]
    )
  header = ["table", "network", "configuration", "GFLOPs, paper", "GMACs", "difference"]
  header += ["parameters, M", "HeadNet GMACs", "HeadNet parameters, M", "remarks"]
  notes = [
    textwrap.fill(f"({number}) {remark}", 120, break_on_hyphens=False)
    for number, remark in enumerate(remarks, start=1)
  ]
  return "\n\n".join([table(header, lines, MARKDOWN if markdown else TEXT), *notes])


def parts_table(parts: Sequence[Tuple[Part, Cost]], markdown: bool = False) -> str:
  """Published figures of parts beside theirs."""
  formats = {
    "macs": ("GMACs", _giga),
    "params": ("parameters, M", _mega),
    "trainable_params": ("trainable parameters, M", _mega),
  }
  lines = []
  for part, cost in parts:
    unit, write = formats[part.quantity]
    ours = getattr(cost, part.quantity)
    difference = _difference(ours, part.published)
    lines.append([part.name, unit, write(part.published), write(ours), difference, part.source])
  header = ["part", "quantity", "published", "here", "difference", "published in"]
  return table(header, lines, MARKDOWN if markdown else TEXT)

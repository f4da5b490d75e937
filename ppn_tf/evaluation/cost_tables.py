"""Formats tables of parameters and MACs as plain text or Markdown."""

import textwrap
from typing import Dict, List, Sequence, Tuple

from ppn_tf.evaluation.costs import Cost, LayerCost
from ppn_tf.evaluation.paper_rows import Part, Row
from ppn_tf.evaluation.tables import format_rows


def _format_giga(count: float) -> str:
  return f"{count / 1e9:.2f}"


def _format_mega(count: float) -> str:
  return f"{count / 1e6:.2f}"


def _format_difference(measured: float, published: float) -> str:
  return f"{100 * (measured / published - 1):+.2f} %"


def format_model(
  costs: Dict[str, Cost], layers: Dict[str, List[LayerCost]], markdown: bool = False
) -> str:
  """Formats the parts of one model, each followed by its layers.

  Args:
    costs: by part, from `costs.model_costs`.
    layers: by part; a missing part is not broken down.
    markdown: whether to write Markdown instead of plain text.
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
  return format_rows(header, rows, markdown)


def format_paper_rows(rows: Sequence[Tuple[Row, Dict[str, Cost]]], markdown: bool = False) -> str:
  """Formats the paper's rows next to the costs of their models, with remarks below.

  The costs are those of `step`, and of HeadNet if it is a network of its own.
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
        _format_giga(step.macs),
        "" if row.gflops is None else _format_difference(step.macs, row.gflops * 1e9),
        _format_mega(step.params),
        "" if head is None else _format_giga(head.macs),
        "" if head is None else _format_mega(head.params),
        " ".join(f"({remarks.index(remark) + 1})" for remark in row.remarks),
      ]
    )
  header = ["table", "network", "configuration", "GFLOPs, paper", "GMACs", "difference"]
  header += ["parameters, M", "HeadNet GMACs", "HeadNet parameters, M", "remarks"]
  notes = [
    textwrap.fill(f"({number}) {remark}", 120, break_on_hyphens=False)
    for number, remark in enumerate(remarks, start=1)
  ]
  return "\n\n".join([format_rows(header, lines, markdown), *notes])


def format_parts(parts: Sequence[Tuple[Part, Cost]], markdown: bool = False) -> str:
  """Formats published costs of single parts next to the costs measured here."""
  quantities = {
    "macs": ("GMACs", _format_giga),
    "params": ("parameters, M", _format_mega),
    "trainable_params": ("trainable parameters, M", _format_mega),
  }
  lines = []
  for part, cost in parts:
    unit, write = quantities[part.quantity]
    measured = getattr(cost, part.quantity)
    difference = _format_difference(measured, part.published)
    lines.append([part.name, unit, write(part.published), write(measured), difference, part.source])
  header = ["part", "quantity", "published", "here", "difference", "published in"]
  return format_rows(header, lines, markdown)

"""Rules of the sources: which module may import which, and that files say what they are."""

import ast
import pathlib
from typing import Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

SOURCES = ("ppn_tf", "data", "export", "benchmarks", "tests")

DOORS = (
  "ppn_tf.train",
  "ppn_tf.pretrain",
  "ppn_tf.interpolate",
  "ppn_tf.data_service",
  "ppn_tf.evaluate",
  "ppn_tf.score",
  "ppn_tf.track",
  "ppn_tf.report",
  "ppn_tf.cost",
)
BACKBONES = ("ppn_tf.models.resnet", "ppn_tf.models.mobilenet", "ppn_tf.models.hrnet")
ABOVE_MODELS = ("ppn_tf.clips", "ppn_tf.tracking", "ppn_tf.reporting")
ENTRIES = ("ppn_tf.experiment", "ppn_tf.training_experiment", "ppn_tf.doors", *DOORS)

# (importer, what it must not import). A name stands for the module and all
# below it. The direction is doors -> experiment -> the rest -> keypoints.
FORBIDDEN: List[Tuple[str, Tuple[str, ...]]] = [
  ("ppn_tf", ("data", "export", "benchmarks", "tests")),
  ("ppn_tf.errors", ("ppn_tf", "tensorflow", "numpy")),
  ("ppn_tf.outputs", ("tensorflow",)),
  ("ppn_tf.doors", ("tensorflow",)),
  ("ppn_tf.keypoints", ("ppn_tf.models", *ABOVE_MODELS)),
  ("ppn_tf.keypoints.skeletons", ("ppn_tf", "tensorflow", "numpy")),
  ("ppn_tf.keypoints.pck", ("tensorflow",)),
  ("ppn_tf.keypoints.jitter", ("ppn_tf", "tensorflow")),
  ("ppn_tf.predictions", ("ppn_tf", "tensorflow")),
  # What is measured, kept in files and shown in tables is of any system, not of a network here.
  ("ppn_tf.scores", ("ppn_tf.models", "ppn_tf.tracking", "ppn_tf.reporting", "tensorflow")),
  ("ppn_tf.prediction_files", ("ppn_tf.models", *ABOVE_MODELS, "tensorflow")),
  ("ppn_tf.prediction_formats", ("ppn_tf.models", *ABOVE_MODELS, "tensorflow")),
  ("ppn_tf.score_tables", ("ppn_tf.models", *ABOVE_MODELS, "tensorflow")),
  ("ppn_tf.table_documents", ("ppn_tf.models", "ppn_tf.clips", "ppn_tf.scores", "tensorflow")),
  ("ppn_tf.text_tables", ("ppn_tf", "tensorflow")),
  ("ppn_tf.models", (*ABOVE_MODELS, "tensorflow_datasets")),
  ("ppn_tf.models.deform_conv", ("ppn_tf.keypoints",)),
  ("ppn_tf.models.upsample", ("ppn_tf.keypoints",)),
  *((name, BACKBONES) for name in BACKBONES),
  ("ppn_tf.models.pose_net", ("ppn_tf.models.ppu", "ppn_tf.models.ppn")),
  ("ppn_tf.models.ppu", ("ppn_tf.models.pose_net", "ppn_tf.models.ppn")),
  # Weights go by layer names and the graph; of what a network consists is not their concern.
  ("ppn_tf.models.pretrained", ("ppn_tf.models", "ppn_tf.keypoints")),
  ("ppn_tf.models.imagenet", ("ppn_tf.models", "ppn_tf.keypoints")),
  ("ppn_tf.models.movenet", ("ppn_tf.models", "ppn_tf.keypoints", *ABOVE_MODELS)),
  ("ppn_tf.initial_weights", (*ABOVE_MODELS, "ppn_tf.trainer", "ppn_tf.evaluator")),
  ("ppn_tf.clips", ("ppn_tf.models", "ppn_tf.tracking", "ppn_tf.reporting")),
  ("ppn_tf.losses", ABOVE_MODELS),
  ("ppn_tf.profiler", (*ABOVE_MODELS, "ppn_tf.paper_rows", "ppn_tf.cost_tables")),
  ("ppn_tf.paper_rows", (*ABOVE_MODELS, "ppn_tf.cost_tables")),
  ("ppn_tf.cost_tables", ("ppn_tf.models", *ABOVE_MODELS)),
  ("ppn_tf.trainer", (*ABOVE_MODELS, "ppn_tf.distribution")),
  # Strategies spread any network and any batches.
  ("ppn_tf.distribution", ("ppn_tf.models", *ABOVE_MODELS, "ppn_tf.trainer", "ppn_tf.workdir")),
  ("ppn_tf.clips.service", ("ppn_tf.clips", "ppn_tf.keypoints")),
  ("ppn_tf.training_loop", ("ppn_tf.clips", "ppn_tf.tracking", "ppn_tf.reporting")),
  ("ppn_tf.evaluator", ABOVE_MODELS),
  # A TensorFlow Lite runtime runs any network, and joint names need no pixels.
  ("ppn_tf.interpreters", ("ppn_tf",)),
  ("ppn_tf.joint_maps", ("tensorflow", "ppn_tf.models", *ABOVE_MODELS)),
  # Networks of other projects share the crops with a PPN, and nothing of the network.
  *(
    (name, ("ppn_tf.models", "ppn_tf.tracking", "ppn_tf.reporting", "ppn_tf.trainer"))
    for name in ("ppn_tf.crop_networks", "ppn_tf.peers")
  ),
  ("ppn_tf.exported_networks", ("ppn_tf.models", "ppn_tf.reporting", "ppn_tf.trainer")),
  ("ppn_tf.serving", ("ppn_tf.clips", "ppn_tf.reporting", "ppn_tf.trainer")),
  ("ppn_tf.tflite_files", ("ppn_tf.clips", "ppn_tf.reporting", "ppn_tf.trainer")),
  ("ppn_tf.tflite_description", ("ppn_tf", "tensorflow")),
  ("ppn_tf.calibration", ("ppn_tf.clips", "ppn_tf.reporting", "ppn_tf.trainer")),
  ("ppn_tf.models.served_ppu", ("ppn_tf.models.ppn", "ppn_tf.models.pose_net")),
  ("ppn_tf.tracking", ("ppn_tf.trainer", "ppn_tf.evaluator", "ppn_tf.reporting")),
  # How joints are kept, smoothed, drawn and written is no network's concern.
  *(
    (f"ppn_tf.tracking.{name}", ("ppn_tf.models", "ppn_tf.clips", "tensorflow"))
    for name in (
      "poses",
      "smoothing",
      "cuts",
      "dark",
      "frame_crops",
      "video",
      "sources",
      "video_writer",
    )
  ),
  *(
    (f"ppn_tf.tracking.{name}", ("ppn_tf.models", "ppn_tf.clips", "tensorflow"))
    for name in ("drawing", "overlay", "tables", "coco_table")
  ),
  ("ppn_tf.tracking.background", ("ppn_tf", "tensorflow")),
  ("ppn_tf.reporting", ("ppn_tf.trainer",)),
  (
    "ppn_tf.experiment",
    ("ppn_tf.trainer", "ppn_tf.training_loop", "ppn_tf.evaluator", "ppn_tf.reporting", *DOORS),
  ),
  ("ppn_tf.training_experiment", ("ppn_tf.tracking", "ppn_tf.reporting", *DOORS)),
  ("ppn_tf.weight_average", ABOVE_MODELS),
  ("ppn_tf.offset_lengths", ABOVE_MODELS),
  *((name, DOORS) for name in DOORS),
  # It runs in a venv that has PyTorch alone.
  ("benchmarks.pytorch_twin", ("ppn_tf", "data", "export", "tensorflow", "absl")),
]
# Where programs begin: only programs may import these, and what opens a run by its folder.
MAY_IMPORT_ENTRIES = (
  *("ppn_tf.training_experiment", "ppn_tf.tracking.runs", *DOORS),
  *("data", "export", "benchmarks", "tests"),
)

# Flags are read where a program begins; below that only keyword arguments.
MAY_READ_FLAGS = (
  *("ppn_tf.experiment", "ppn_tf.training_experiment", *DOORS),
  *("data", "export", "benchmarks", "tests"),
)

# PyTorch is in a venv of its own, of the benchmark's twin or of whoever makes golden values anew.
MAY_IMPORT_TORCH = ("benchmarks.pytorch_twin", "tests.models.torchvision_golden")

# Whoever imports these gets a Keras that the package did not choose.
OTHER_KERAS = ("keras", "tf_keras", "tensorflow.keras", "tensorflow.python")

VAGUE_NAMES = {"util", "utils", "helper", "helpers", "common", "misc", "tools", "stuff"}


class Module(NamedTuple):
  """A source file and what it imports."""

  name: str
  path: pathlib.Path
  imports: Tuple[str, ...]
  docstring: str
  is_package: bool


def _imports(tree: ast.AST, package: str) -> Iterator[str]:
  """Yields dotted names, `a.b.c` for `from a.b import c`, wherever they stand."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      parents = package.split(".")
      base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
      origin = ".".join(part for part in (base, node.module) if part)
      yield from (f"{origin}.{alias.name}" for alias in node.names)


def read_modules(root: pathlib.Path, folders: Sequence[str] = SOURCES) -> Dict[str, Module]:
  """Modules below `root` by their dotted names."""
  modules = {}
  for path in sorted(path for folder in folders for path in (root / folder).rglob("*.py")):
    parts = path.relative_to(root).with_suffix("").parts
    is_package = parts[-1] == "__init__"
    name = ".".join(parts[:-1] if is_package else parts)
    package = name if is_package else name.rpartition(".")[0]
    tree = ast.parse(path.read_text(), str(path))
    imports = tuple(dict.fromkeys(_imports(tree, package)))
    modules[name] = Module(name, path, imports, ast.get_docstring(tree) or "", is_package)
  return modules


def _is_below(name: str, ancestor: str) -> bool:
  return name == ancestor or name.startswith(ancestor + ".")


def forbidden_imports(modules: Dict[str, Module]) -> List[str]:
  """Imports against the direction of FORBIDDEN."""
  return [
    f"{module.name} imports {imported}"
    for importer, targets in FORBIDDEN
    for module in modules.values()
    if _is_below(module.name, importer)
    for imported in module.imports
    for target in targets
    # ppn_tf.errors is the one module that everything may import, and a rule
    # about a module does not forbid that module to name itself.
    if _is_below(imported, target)
    and not (target == "ppn_tf" and _is_below(imported, "ppn_tf.errors"))
    and not _is_below(imported, module.name)
  ]


def _imports_of(
  modules: Dict[str, Module], targets: Sequence[str], allowed: Sequence[str] = ()
) -> List[str]:
  """Imports of what is at or below one of the targets, by modules that are not allowed to."""
  return [
    f"{module.name} imports {imported}"
    for module in modules.values()
    if not any(_is_below(module.name, one) for one in allowed)
    for imported in module.imports
    if any(_is_below(imported, target) for target in targets)
  ]


def entry_imports(modules: Dict[str, Module]) -> List[str]:
  """Imports of experiment, doors or a door by what is no program."""
  return _imports_of(modules, ENTRIES, MAY_IMPORT_ENTRIES)


def flag_readers(modules: Dict[str, Module]) -> List[str]:
  """Modules that use absl.flags though they are no door."""
  return [
    module.name
    for module in modules.values()
    if any(_is_below(imported, "absl.flags") for imported in module.imports)
    and not any(_is_below(module.name, allowed) for allowed in MAY_READ_FLAGS)
  ]


def other_keras_imports(modules: Dict[str, Module]) -> List[str]:
  """Imports of a Keras by any other way than `tf.keras`."""
  return _imports_of(modules, OTHER_KERAS)


def torch_imports(modules: Dict[str, Module]) -> List[str]:
  """Imports of PyTorch where it need not be installed."""
  return _imports_of(modules, ("torch", "torchvision"), MAY_IMPORT_TORCH)


def _graph(modules: Dict[str, Module]) -> Dict[str, Set[str]]:
  """Which of `modules` each of them imports."""
  graph: Dict[str, Set[str]] = {}
  for module in modules.values():
    candidates = set()
    for imported in module.imports:
      # `from package import name` names a module or something inside package.
      owner = imported if imported in modules else imported.rpartition(".")[0]
      if owner in modules and owner != module.name:
        candidates.add(owner)
    graph[module.name] = candidates
  return graph


def import_cycle(modules: Dict[str, Module]) -> List[str]:
  """Names of one import cycle, its start repeated at its end; empty if there is none."""
  graph = _graph(modules)
  done: Set[str] = set()

  def visit(name: str, path: List[str]) -> List[str]:
    if name in path:
      return path[path.index(name) :] + [name]
    if name not in done:
      for imported in sorted(graph[name]):
        cycle = visit(imported, path + [name])
        if cycle:
          return cycle
      done.add(name)
    return []

  for name in sorted(graph):
    cycle = visit(name, [])
    if cycle:
      return cycle
  return []


def vague_names(modules: Dict[str, Module]) -> List[str]:
  """Modules whose file name does not say what is in them."""
  return [
    name for name in modules if VAGUE_NAMES & set(name.rpartition(".")[2].strip("_").split("_"))
  ]


def undocumented(modules: Dict[str, Module]) -> List[str]:
  """Modules that do not open with a docstring."""
  return [module.name for module in modules.values() if not module.docstring.strip()]

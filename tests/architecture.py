"""Rules of the sources: layers of imports, sizes of files and functions, and names."""

import ast
import pathlib
from typing import Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

SOURCES = ("ppn_tf", "data", "export", "benchmarks", "tests")

COMMANDS = (
  "ppn_tf.train",
  "ppn_tf.pretrain",
  "ppn_tf.evaluate",
  "ppn_tf.score",
  "ppn_tf.track",
  "ppn_tf.report",
  "ppn_tf.cost",
)

# A module imports its own layer and the layers before it. A name stands for the module
# and everything below it; the longest name that fits a module is its layer.
LAYERS: Sequence[Tuple[str, ...]] = (
  ("ppn_tf.runtime",),
  ("ppn_tf.keypoints",),
  ("ppn_tf.models", "ppn_tf.clips"),
  ("ppn_tf.config",),
  ("ppn_tf.inference",),
  ("ppn_tf.tracking",),
  ("ppn_tf.evaluation",),
  ("ppn_tf.training",),
  (*COMMANDS, "ppn_tf.__main__"),
  ("data", "export"),
  ("benchmarks",),
  ("tests",),
)
# (importer, what it ignores although its layer allows it).
APART: Sequence[Tuple[str, str]] = (
  ("ppn_tf.models", "ppn_tf.clips"),
  ("ppn_tf.clips", "ppn_tf.models"),
  ("data", "export"),
  ("export", "data"),
  *((first, second) for first in COMMANDS for second in COMMANDS if first != second),
  # It runs in a virtual environment that has PyTorch alone; of ppn_tf only runtime/ works there.
  *(("benchmarks.pytorch_twin", member) for members in LAYERS[1:-2] for member in members),
  ("benchmarks.pytorch_twin", "absl"),
)

# Modules that stay cheap to import, or independent of any network.
WITHOUT_TENSORFLOW = (
  "ppn_tf.__main__",
  "ppn_tf.runtime.errors",
  "ppn_tf.runtime.files",
  "ppn_tf.runtime.app",
  "ppn_tf.runtime.command_names",
  "ppn_tf.runtime.layout",
  "ppn_tf.runtime.signals",
  "ppn_tf.keypoints.skeletons",
  "ppn_tf.keypoints.pck",
  "ppn_tf.keypoints.jitter",
  "ppn_tf.keypoints.joint_maps",
  "ppn_tf.keypoints.joint_names",
  "ppn_tf.keypoints.predictions",
  "ppn_tf.keypoints.poses",
  "ppn_tf.keypoints.dark",
  "ppn_tf.keypoints.frame_crops",
  "ppn_tf.inference.tflite.metadata",
  "ppn_tf.tracking.boxes",
  "ppn_tf.tracking.cuts",
  "ppn_tf.tracking.settings",
  "ppn_tf.tracking.smoothing",
  "ppn_tf.tracking.video",
  "ppn_tf.tracking.output",
  "ppn_tf.tracking.track_video",
  "ppn_tf.evaluation.scores",
  "ppn_tf.evaluation.prediction_files",
  "ppn_tf.evaluation.prediction_formats",
  "ppn_tf.evaluation.score_tables",
  "ppn_tf.evaluation.tables",
  "benchmarks.pytorch_twin",
)

# Flags, and functions that read them.
FLAG_READERS = ("absl.flags", "ppn_tf.config.flags", "ppn_tf.runtime.command_flags")
# Commands build settings from flags once; all other code takes settings and arguments.
MAY_READ_FLAGS = (
  "ppn_tf.runtime.app",
  "ppn_tf.runtime.command_flags",
  "ppn_tf.runtime.command_help",
  "ppn_tf.config",
  "ppn_tf.training.interpolate",
  "ppn_tf.training.data_service",
  *COMMANDS,
  *(f"data.{name}.__main__" for name in ("clips", "mpii", "penn_action", "sub_jhmdb")),
  *(f"data.{name}.__main__" for name in ("pseudo_label", "synthetic")),
  "data.builder.command",
  *(f"export.{name}" for name in ("tflite", "saved_model", "verify", "benchmark", "weights")),
  "export.exported_network",
  "benchmarks",
  "tests",
)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 80
MAX_ARGUMENTS = 10
# Modules that are yet to be split.
OVERSIZED: Sequence[str] = ()

# PyTorch is in a venv of its own, of the benchmark's twin or of whoever makes golden values anew.
MAY_IMPORT_TORCH = ("benchmarks.pytorch_twin", "tests.models.backbones.torchvision_golden")

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


def _layer(name: str) -> int:
  """The number of a module's layer; -1 for `ppn_tf` itself, which everything may import."""
  matches = [
    (len(member), number)
    for number, members in enumerate(LAYERS)
    for member in members
    if _is_below(name, member)
  ]
  return max(matches)[1] if matches else -1


def forbidden_imports(modules: Dict[str, Module]) -> List[str]:
  """Lists imports of a later layer, or between parts that are kept apart."""
  return [
    f"{module.name} imports {imported}"
    for module in modules.values()
    for imported in module.imports
    if (module.name != "ppn_tf" and _layer(imported) > _layer(module.name))
    or any(_is_below(module.name, name) and _is_below(imported, other) for name, other in APART)
  ]


def tensorflow_imports(modules: Dict[str, Module]) -> List[str]:
  """Lists imports of TensorFlow by modules of WITHOUT_TENSORFLOW."""
  return [
    f"{module.name} imports {imported}"
    for module in modules.values()
    if module.name == "ppn_tf" or any(_is_below(module.name, name) for name in WITHOUT_TENSORFLOW)
    for imported in module.imports
    if imported.partition(".")[0].startswith("tensorflow")
  ]


def oversized(modules: Dict[str, Module]) -> List[str]:
  """Lists files, functions and argument lists beyond the limits of this file."""
  found = []
  for module in modules.values():
    text = module.path.read_text()
    if text.count("\n") > MAX_FILE_LINES:
      found.append(f"{module.path}: {text.count(chr(10))} lines")
    for node in ast.walk(ast.parse(text)):
      if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        continue
      length = (node.end_lineno or node.lineno) - node.lineno + 1
      if length > MAX_FUNCTION_LINES:
        found.append(f"{module.path}:{node.lineno} {node.name}: {length} lines")
      arguments = len(node.args.args) + len(node.args.kwonlyargs)
      if arguments > MAX_ARGUMENTS:
        found.append(f"{module.path}:{node.lineno} {node.name}: {arguments} arguments")
  return found


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


def flag_readers(modules: Dict[str, Module]) -> List[str]:
  """Lists modules that read flags although they are no command."""
  return [
    module.name
    for module in modules.values()
    if any(_is_below(imported, name) for imported in module.imports for name in FLAG_READERS)
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

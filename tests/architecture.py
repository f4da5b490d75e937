"""Rules of the sources: layers of imports, sizes of files and functions, and names."""

import ast
import pathlib
from typing import Dict, Iterator, List, NamedTuple, Sequence, Set, Tuple

SOURCES = ("ppn_tf", "data", "export", "benchmarks", "tests")
# Folders that become subpackages of ppn_tf in a wheel, and all folders of the wheel.
MOVED = ("data", "export")
PACKAGED = ("ppn_tf", *MOVED)

COMMANDS = (
  "ppn_tf.train",
  "ppn_tf.pretrain",
  "ppn_tf.evaluate",
  "ppn_tf.score",
  "ppn_tf.track",
  "ppn_tf.report",
  "ppn_tf.cost",
  "ppn_tf.demo",
)
PACKAGED_COMMANDS = ("ppn_tf.serving.__main__", "ppn_tf.tracking.bulk.__main__")
ALL_COMMANDS = (*COMMANDS, *PACKAGED_COMMANDS)

# A module may import from its own layer and from earlier layers. A name covers the module
# and its submodules; the longest matching name decides the layer of a module.
LAYERS: Sequence[Tuple[str, ...]] = (
  ("ppn_tf.runtime",),
  ("ppn_tf.keypoints",),
  ("ppn_tf.models", "ppn_tf.clips"),
  ("ppn_tf.config",),
  ("ppn_tf.inference",),
  ("ppn_tf.tracking",),
  ("ppn_tf.evaluation",),
  ("ppn_tf.training",),
  ("ppn_tf.serving",),
  (*ALL_COMMANDS, "ppn_tf.__main__"),
  ("data", "export"),
  ("benchmarks",),
  ("tests",),
)
# (importer, module that it must not import although the layers allow it).
FORBIDDEN_PAIRS: Sequence[Tuple[str, str]] = (
  ("ppn_tf.models", "ppn_tf.clips"),
  ("ppn_tf.clips", "ppn_tf.models"),
  ("data", "export"),
  ("export", "data"),
  *((first, second) for first in ALL_COMMANDS for second in ALL_COMMANDS if first != second),
  # The twin runs in a virtual environment with PyTorch only, where ppn_tf works only in runtime/.
  *(("benchmarks.pytorch_twin", member) for members in LAYERS[1:-2] for member in members),
  ("benchmarks.pytorch_twin", "absl"),
)

# Modules that must stay cheap to import, or independent of any network.
WITHOUT_TENSORFLOW = (
  "ppn_tf.__main__",
  "ppn_tf.demo",
  "ppn_tf.runtime.errors",
  "ppn_tf.runtime.files",
  "ppn_tf.runtime.app",
  "ppn_tf.runtime.command_names",
  "ppn_tf.runtime.cores",
  "ppn_tf.runtime.layout",
  "ppn_tf.runtime.page_server",
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
  "ppn_tf.inference.frame_times",
  "ppn_tf.inference.load",
  "ppn_tf.inference.moved_heatmaps",
  "ppn_tf.inference.people",
  "ppn_tf.inference.pose_model",
  "ppn_tf.inference.present_places",
  "ppn_tf.inference.recurrence",
  "ppn_tf.inference.tflite.metadata",
  "ppn_tf.serving.__main__",
  "ppn_tf.serving",
  "ppn_tf.track",
  "ppn_tf.tracking.bulk.__main__",
  "ppn_tf.tracking",
  "ppn_tf.evaluation.scores",
  "ppn_tf.evaluation.prediction_files",
  "ppn_tf.evaluation.prediction_formats",
  "ppn_tf.evaluation.score_tables",
  "ppn_tf.evaluation.tables",
  "benchmarks.pytorch_twin",
)

# Modules of flags, and of functions that read them.
FLAG_READERS = ("absl.flags", "ppn_tf.config.flags", "ppn_tf.runtime.command_flags")
# Commands build settings from flags once; all other code takes settings and arguments.
MAY_READ_FLAGS = (
  "ppn_tf.runtime.app",
  "ppn_tf.runtime.command_flags",
  "ppn_tf.runtime.command_help",
  "ppn_tf.config",
  "ppn_tf.training.interpolate",
  "ppn_tf.training.data_service",
  *ALL_COMMANDS,
  *(f"data.{name}.__main__" for name in ("clips", "mpii", "penn_action", "sub_jhmdb")),
  *(f"data.{name}.__main__" for name in ("pseudo_label", "synthetic", "humans")),
  "data.builder.command",
  *(f"export.{name}" for name in ("tflite", "saved_model", "verify", "benchmark", "weights")),
  "export.golden",
  "export.exported_network",
  "benchmarks",
  "tests",
)

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 80
MAX_ARGUMENTS = 10
# Modules exempt from the size limits until they are split.
OVERSIZED: Sequence[str] = ()

# PyTorch is installed only in separate environments, for the twin and to generate golden values.
MAY_IMPORT_TORCH = ("benchmarks.pytorch_twin", "tests.models.layers.torchvision_golden")

# Imports that bypass the Keras version that the package selects.
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
  """Yields the dotted names of all imports, `a.b.c` for `from a.b import c`."""
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
      parents = package.split(".")
      base = ".".join(parents[: len(parents) - node.level + 1]) if node.level else ""
      origin = ".".join(part for part in (base, node.module) if part)
      yield from (f"{origin}.{alias.name}" for alias in node.names)


def read_modules(root: pathlib.Path, folders: Sequence[str] = SOURCES) -> Dict[str, Module]:
  """Reads the modules below `root`; returns them by dotted name."""
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
  """Returns the number of a module's layer, or -1 for `ppn_tf`, which all modules may import."""
  matches = [
    (len(member), number)
    for number, members in enumerate(LAYERS)
    for member in members
    if _is_below(name, member)
  ]
  return max(matches)[1] if matches else -1


def forbidden_imports(modules: Dict[str, Module]) -> List[str]:
  """Lists imports of a later layer, and imports that FORBIDDEN_PAIRS excludes."""
  return [
    f"{module.name} imports {imported}"
    for module in modules.values()
    for imported in module.imports
    if (module.name != "ppn_tf" and _layer(imported) > _layer(module.name))
    or any(
      _is_below(module.name, importer) and _is_below(imported, excluded)
      for importer, excluded in FORBIDDEN_PAIRS
    )
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


def fixed_imports(root: pathlib.Path) -> List[str]:
  """Lists absolute imports of `data` and `export` in the package, as "path:line".

  A wheel contains these folders as `ppn_tf.data` and `ppn_tf.export`, so the package's own modules
  must name each other relative to themselves.
  """
  lines = []
  for path in sorted(path for name in PACKAGED for path in (root / name).rglob("*.py")):
    for node in ast.walk(ast.parse(path.read_text())):
      if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
      elif isinstance(node, ast.ImportFrom) and not node.level:
        names = [node.module or ""]
      else:
        continue
      if any(name.partition(".")[0] in MOVED for name in names):
        lines.append(f"{path}:{node.lineno}")
  return lines


def converted_functions(root: pathlib.Path) -> List[str]:
  """Lists calls of tf.function in ppn_tf that leave AutoGraph on, as "path:line"."""
  calls = []
  for path in sorted((root / "ppn_tf").rglob("*.py")):
    nodes = list(ast.walk(ast.parse(path.read_text())))
    off = {
      id(node.func)
      for node in nodes
      if isinstance(node, ast.Call)
      and any(ast.unparse(keyword) == "autograph=False" for keyword in node.keywords)
    }
    calls += [
      f"{path}:{node.lineno}"
      for node in nodes
      if isinstance(node, ast.Attribute)
      and ast.unparse(node) == "tf.function"
      and id(node) not in off
    ]
  return calls


def oversized(modules: Dict[str, Module]) -> List[str]:
  """Lists files, functions and argument lists that exceed the limits."""
  violations = []
  for module in modules.values():
    text = module.path.read_text()
    if text.count("\n") > MAX_FILE_LINES:
      violations.append(f"{module.path}: {text.count(chr(10))} lines")
    for node in ast.walk(ast.parse(text)):
      if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        continue
      length = (node.end_lineno or node.lineno) - node.lineno + 1
      if length > MAX_FUNCTION_LINES:
        violations.append(f"{module.path}:{node.lineno} {node.name}: {length} lines")
      arguments = len(node.args.args) + len(node.args.kwonlyargs)
      if arguments > MAX_ARGUMENTS:
        violations.append(f"{module.path}:{node.lineno} {node.name}: {arguments} arguments")
  return violations


def _list_imports(
  modules: Dict[str, Module], targets: Sequence[str], allowed: Sequence[str] = ()
) -> List[str]:
  """Lists imports of the targets and their submodules, except by allowed modules."""
  return [
    f"{module.name} imports {imported}"
    for module in modules.values()
    if not any(_is_below(module.name, name) for name in allowed)
    for imported in module.imports
    if any(_is_below(imported, target) for target in targets)
  ]


def flag_readers(modules: Dict[str, Module]) -> List[str]:
  """Lists modules that read flags but are not commands."""
  return [
    module.name
    for module in modules.values()
    if any(_is_below(imported, name) for imported in module.imports for name in FLAG_READERS)
    and not any(_is_below(module.name, allowed) for allowed in MAY_READ_FLAGS)
  ]


def other_keras_imports(modules: Dict[str, Module]) -> List[str]:
  """Lists imports of Keras other than through `tf.keras`."""
  return _list_imports(modules, OTHER_KERAS)


def torch_imports(modules: Dict[str, Module]) -> List[str]:
  """Lists imports of PyTorch by modules that must work without it."""
  return _list_imports(modules, ("torch", "torchvision"), MAY_IMPORT_TORCH)


def _graph(modules: Dict[str, Module]) -> Dict[str, Set[str]]:
  """Returns the names of `modules` that each module imports."""
  graph: Dict[str, Set[str]] = {}
  for module in modules.values():
    candidates = set()
    for imported in module.imports:
      # `from package import name` imports a submodule or an attribute of the package.
      owner = imported if imported in modules else imported.rpartition(".")[0]
      if owner in modules and owner != module.name:
        candidates.add(owner)
    graph[module.name] = candidates
  return graph


def import_cycle(modules: Dict[str, Module]) -> List[str]:
  """Returns the names along an import cycle, its first name repeated at the end, or nothing."""
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
  """Lists modules with a file name that does not describe their content."""
  return [
    name for name in modules if VAGUE_NAMES & set(name.rpartition(".")[2].strip("_").split("_"))
  ]


def undocumented(modules: Dict[str, Module]) -> List[str]:
  """Lists modules without a docstring."""
  return [module.name for module in modules.values() if not module.docstring.strip()]

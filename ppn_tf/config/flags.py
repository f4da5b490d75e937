"""Command-line flags of experiments, and the settings that they describe.

Commands define the flags, parse them, and build settings from them once. Code below the
commands takes settings.
"""

import dataclasses
import os
from typing import Any, Mapping, Optional, Sequence, Tuple, Type

from absl import flags

from ppn_tf.clips.augment import Augmentation
from ppn_tf.config import named
from ppn_tf.config.experiment import (
  ClipConfig,
  EvaluationConfig,
  Experiment,
  OptimizerConfig,
  RunConfig,
  TrainingConfig,
  open_run,
  read_experiment,
)
from ppn_tf.config.skeleton_flag import SkeletonParser
from ppn_tf.models.build import NetworkConfig
from ppn_tf.runtime import command_flags
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.settings import Settings

FLAGS = flags.FLAGS
_SETTINGS: Sequence[Tuple[str, Type[Settings]]] = (
  ("Run", RunConfig),
  ("Evaluation", EvaluationConfig),
  ("Network", NetworkConfig),
  ("Clips", ClipConfig),
  ("Augmentation", Augmentation),
  ("Batches and optimizer", OptimizerConfig),
  ("Targets and initial weights", TrainingConfig),
)
_EXPERIMENT = tuple(Experiment().to_flags())
_NETWORK = tuple(NetworkConfig().to_flags())


def define(
  names: Optional[Sequence[str]] = None,
  defaults: Optional[Mapping[str, Any]] = None,
  helps: Optional[Mapping[str, str]] = None,
  from_run: bool = False,
  flag_values: flags.FlagValues = FLAGS,
) -> None:
  """Defines flags of experiments, runs and evaluations.

  Args:
    names: names of the flags; by default all, so that one flagfile serves all commands.
    defaults: other defaults by flag name.
    helps: other help texts by flag name.
    from_run: whether the experiment is read from --workdir, see `experiment_of_run`, so that its
      flags have no defaults.
    flag_values: where the flags are defined.
  """
  defaults, helps = defaults or {}, helps or {}
  for title, settings in _SETTINGS:
    own = settings in (RunConfig, EvaluationConfig) or not from_run
    with command_flags.group(title if own else f"{title}, by default of the run", flag_values):
      for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if names is None or field.name in names:
          default, help_text = defaults.get(field.name), helps.get(field.name, "")
          _define_field(field, default, help_text, flag_values)
          if not own:
            flag_values.set_default(field.name, None)
  if names is None or "checkpoint" in names:
    with command_flags.group("Run", flag_values):
      command_flags.define_checkpoint(flag_values)
  if names is None:
    with command_flags.group("Configuration", flag_values):
      named.define(flag_values)


def _define_field(
  field: "dataclasses.Field[Any]", default: Any, help_text: str, flag_values: flags.FlagValues
) -> None:
  if field.name != "skeleton":
    command_flags.define_field(field, default, help_text, flag_values)
    return
  help_text = help_text or field.metadata["help"]
  command_flags.define(
    SkeletonParser(), field.name, default or field.default, help_text, flag_values
  )


def parse(arguments: Sequence[str]) -> Experiment:
  """Parses flags to an experiment; those of the command line do not count.

  Args:
    arguments: such as ["--method=framewise", "--flagfile=configs/demo.cfg"].
  Raises:
    InputError: values that do not fit each other.
    flags.Error: an unknown flag or value.
  """
  values = flags.FlagValues()
  define(flag_values=values)
  values(["", *arguments])
  return Experiment.from_flags({name: values[name].value for name in _EXPERIMENT})


def read_flagfile(path: str) -> Experiment:
  """Reads the experiment of a flagfile; flags of the command line do not count.

  Raises:
    InputError: there is no such file, or it has unknown flags or values.
  """
  if not os.path.isfile(path):
    raise InputError(f"{path}: no such file. Give a flagfile, such as those in configs/.")
  try:
    return parse([f"--flagfile={path}"])
  except flags.Error as error:
    raise InputError(f"{path}: {error}. Fix it, or give another flagfile.") from error


def experiment() -> Experiment:
  """Builds the experiment that the flags describe.

  Raises:
    InputError: values that do not fit each other.
  """
  return Experiment.from_flags(command_flags.values(_EXPERIMENT))


def keep_former_values(described: Experiment) -> Experiment:
  """Returns an experiment with the values of flags that the version of --workdir's run lacked.

  The same command then resumes a run of an earlier version. Flags that are given keep their value.
  """
  missing = open_run(command_flags.required("workdir")).missing_flags()
  given = command_flags.given(_EXPERIMENT)
  return described.replace(**{name: missing[name] for name in missing if name not in given})


def run_config() -> RunConfig:
  """Builds the settings of a training command."""
  return RunConfig(**command_flags.values(tuple(RunConfig().to_flags())))


def evaluation_config() -> EvaluationConfig:
  """Builds the settings of an evaluation."""
  return EvaluationConfig(**command_flags.values(tuple(EvaluationConfig().to_flags())))


def experiment_of_run() -> Experiment:
  """Reads the experiment of --workdir; flags that are given override it.

  Raises:
    InputError: no run is there, or network flags contradict it.
  """
  run = open_run(command_flags.required("workdir"))
  run.check_flags(command_flags.given(_NETWORK))
  return read_experiment(run).replace(**command_flags.given(_EXPERIMENT))


def override(experiment: Experiment) -> Experiment:
  """Returns a copy of an experiment with the values of the flags that are given."""
  return experiment.replace(**command_flags.given(_EXPERIMENT))


def quantize_aware_experiment() -> Experiment:
  """Builds the experiment of a run with --quantize_aware.

  Network flags that are not given come from the float run. A run that resumes no longer
  needs the float run: its own flags count.

  Raises:
    InputError: no float run is there, flags contradict it, or it is quantization-aware.
  """
  own = open_run(command_flags.required("workdir"))
  if own.is_there():
    return _keep_network(own.read_flags())
  source = open_run(FLAGS.quantize_aware)
  # Rounding of offsets changes no weight, so that it may start here.
  checked = [name for name in _NETWORK if name not in ("quantize_aware", "offset_steps")]
  try:
    source.check_flags(command_flags.given(checked))
  except InputError as error:
    raise InputError(f"--quantize_aware takes the network of a run. {error}") from error
  saved = source.read_flags()
  if saved["quantize_aware"]:
    raise InputError(
      f"--quantize_aware={FLAGS.quantize_aware}: is quantization-aware already, from "
      f"{saved['quantize_aware']}. Give that run, or resume this one by --workdir."
    )
  return _keep_network(saved)


def _keep_network(saved: Mapping[str, Any]) -> Experiment:
  """Builds the experiment of the flags; network flags not given come from a run's."""
  given = command_flags.given(_NETWORK)
  kept = {name: saved[name] for name in _NETWORK if name in saved and name not in given}
  return experiment().replace(**kept)

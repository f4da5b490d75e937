"""Times the implementations of the deformable convolution.

  python -m benchmarks.deform_conv

The workload is that of the PPU: 13 joints, five dilation rates, 64x64 cells, forward and with the
gradients by map, offsets and kernels. "plain" samples all rates at once, op by op, with the
gradient that TensorFlow derives. Times are medians over turns, so that a machine that slows
down slows all implementations.
"""

import os
import statistics
import subprocess
import sys
import time
from typing import Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from absl import flags

from ppn_tf.models.layers import deform_gather, deform_resampler
from ppn_tf.models.layers.deform_conv import IMPLEMENTATIONS
from ppn_tf.models.ppu import DILATIONS
from ppn_tf.runtime import app, command_flags
from ppn_tf.runtime.resident_memory import GIVE_BACK, measure_peak
from ppn_tf.runtime.settings import Bounds

import tensorflow as tf

FLAGS = flags.FLAGS
PLAIN = "plain"


class Work(NamedTuple):
  """Sizes of a measurement, a chain of frames.

  Attributes:
    frames: T, length of the chain.
    batch: B.
    joints: K.
    cells: height and width of the maps.
  """

  frames: int = 1
  batch: int = 1
  joints: int = 13
  cells: int = 64


def define_flags() -> None:
  command_flags.define_integer("repeats", 15, "Turns of each implementation.", 1, 10**6)
  flags.DEFINE_bool("scaling", True, "Also show time and memory over T, batch and K.")
  flags.DEFINE_string("measure_memory", "", "Internal: measure this implementation and exit.")
  command_flags.define_numbers(
    "work", (), "Internal, with --measure_memory: T, batch, K, cells.", Bounds(1, 10**6, True)
  )


def implementations() -> List[str]:
  names = [PLAIN, *sorted(IMPLEMENTATIONS)]
  return [name for name in names if name != "resampler" or deform_resampler.available()]


def _plain(
  inputs: tf.Tensor, offsets: Sequence[tf.Tensor], kernels: Sequence[tf.Tensor], taps: Sequence
) -> tf.Tensor:
  """Convolves all dilation rates by one sampling and one contraction."""
  halves = [tf.split(offset, 2, axis=-1) for offset in offsets]
  joined = tf.concat([half[axis] for axis in (0, 1) for half in halves], axis=-1)
  kernel = tf.concat(kernels, axis=0)
  return deform_gather.convolve(inputs, joined, kernel, np.concatenate(taps, axis=1))


def make_forward(name: str, work: Work) -> Callable[..., tf.Tensor]:
  """Returns a chain of T sums over dilation rates, each on the result of the previous one."""
  taps = [deform_gather.tap_positions(3, rate, work.joints) for rate in DILATIONS]

  def once(inputs: tf.Tensor, offsets: Sequence, kernels: Sequence) -> tf.Tensor:
    if name == PLAIN:
      return _plain(inputs, offsets, kernels, taps)
    convolve = IMPLEMENTATIONS[name]
    return tf.add_n([convolve(inputs, *rate) for rate in zip(offsets, kernels, taps)])

  def chain(inputs: tf.Tensor, offsets: Sequence, kernels: Sequence) -> tf.Tensor:
    for frame in range(work.frames):
      inputs = once(inputs, offsets[frame], kernels)
    return inputs

  return chain


def programs(name: str, work: Work) -> Tuple[Callable[[], object], Callable[[], object]]:
  """Returns forward, and forward with gradients, on random maps and offsets of three cells."""
  rng = np.random.default_rng(0)
  shape = (work.batch, work.cells, work.cells)

  def normal(size: Sequence[int], spread: float) -> tf.Tensor:
    return tf.constant(rng.normal(0, spread, size).astype(np.float32))

  inputs = normal((*shape, work.joints), 1.0)
  offsets = [
    [normal((*shape, 18 * work.joints), 3.0) for _ in DILATIONS] for _ in range(work.frames)
  ]
  kernels = [normal((9 * work.joints, work.joints), 0.03) for _ in DILATIONS]
  chain = make_forward(name, work)

  @tf.function(autograph=False)
  def forward(*arguments: tf.Tensor) -> tf.Tensor:
    return chain(*arguments)

  @tf.function(autograph=False)
  def gradients(*arguments: tf.Tensor) -> object:
    with tf.GradientTape() as tape:
      tape.watch(arguments)
      result = chain(*arguments)
    return tape.gradient(result, arguments)

  arguments = (inputs, offsets, kernels)
  return lambda: forward(*arguments), lambda: gradients(*arguments)


def _seconds(call: Callable[[], object]) -> float:
  begin = time.perf_counter()
  tf.nest.flatten(call())[0].numpy()
  return time.perf_counter() - begin


def times(names: Sequence[str], work: Work, repeats: int) -> Dict[str, Tuple[float, float, float]]:
  """Times implementations in turns.

  Returns:
    by name: median seconds of forward and of forward with gradients, and the median ratio of the
    first implementation to this one.
  """
  calls = {name: programs(name, work) for name in names}
  turns: Dict[str, List[Tuple[float, float]]] = {name: [] for name in names}
  for turn in range(repeats + 2):  # the first two turns compile and warm up
    for name in names:
      measured = _seconds(calls[name][0]), _seconds(calls[name][1])
      if turn >= 2:
        turns[name].append(measured)
  result = {}
  for name in names:
    forward, total = (statistics.median(column) for column in zip(*turns[name]))
    ratios = [first[1] / own[1] for first, own in zip(turns[names[0]], turns[name])]
    result[name] = forward, total, statistics.median(ratios)
  return result


def memory(name: str, work: Work) -> Tuple[float, float]:
  """Measures MB of forward with gradients in a new process: its peak, and without the gradients.

  Gradients of five sets of offsets are results, so no implementation can avoid them.
  """
  command = [sys.executable, "-m", "benchmarks.deform_conv", f"--measure_memory={name}"]
  command.append(f"--work={','.join(map(str, work))}")
  completed = subprocess.run(
    command, env={**os.environ, **GIVE_BACK}, capture_output=True, text=True, check=True
  )
  peak, results = (float(number) for number in completed.stdout.split()[-2:])
  return peak, peak - results


def print_comparison(repeats: int) -> None:
  work, names = Work(), implementations()
  measured = times(names, work, repeats)
  megabytes = {name: memory(name, work) for name in names}
  print(f"{len(DILATIONS)} dilation rates, {work.joints} joints, {work.cells}x{work.cells} cells")
  print(
    f"{'':12}{'forward':>11}{'with gradients':>17}{'speed':>9}{'peak memory':>14}{'':9}"
    f"{'without results':>18}"
  )
  for name in names:
    forward, total, ratio = measured[name]
    print(
      f"{name:12}{1e3 * forward:8.1f} ms{1e3 * total:14.1f} ms{ratio:8.2f}x"
      + "".join(
        f"{own:11.1f} MB{own / plain:8.2f}x" + 4 * " "
        for own, plain in zip(megabytes[name], megabytes[PLAIN])
      ).rstrip(),
      flush=True,
    )
  fastest = min(names, key=lambda name: measured[name][1])
  device = "GPU" if tf.config.list_physical_devices("GPU") else "CPU"
  print(f"fastest with gradients on this {device}: {fastest}. Training uses: fused.")


def print_scaling(repeats: int) -> None:
  base = Work(cells=32)
  print("\nfused, with gradients, 32x32 cells; the figure over that of the first line")
  print(f"{'':16}{'time':>10}{'':>8}{'peak memory':>14}{'':>8}")
  for field, values in (
    ("frames", (1, 2, 4, 8)),
    ("batch", (1, 2, 4, 8)),
    ("joints", (13, 26, 52)),
  ):
    first = None
    for value in values:
      work = base._replace(**{field: value})
      seconds, megabytes = times(["fused"], work, repeats)["fused"][1], memory("fused", work)[0]
      first = first or (seconds, megabytes)
      print(
        f"{field} = {value:<7}{1e3 * seconds:10.1f} ms{seconds / first[0]:7.2f}x"
        f"{megabytes:10.1f} MB{megabytes / first[1]:7.2f}x",
        flush=True,
      )


def main(argv: Sequence[str]) -> None:
  app.no_arguments(argv)
  if FLAGS.measure_memory:
    call = programs(FLAGS.measure_memory, Work(*FLAGS.work))[1]
    results = sum(t.shape.num_elements() * t.dtype.size for t in tf.nest.flatten(call()))
    print(measure_peak(call) / 1e6, results / 1e6)
    return
  print_comparison(FLAGS.repeats)
  if FLAGS.scaling:
    print_scaling(max(FLAGS.repeats // 3, 1))


if __name__ == "__main__":
  define_flags()
  app.run(main)

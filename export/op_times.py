"""Time of each kind of op in a signature, from LiteRT's profiler.

Only the C interface of ai-edge-litert has a profiler. It may change with any
version; with an unknown version, there are no figures.
"""

import collections
import ctypes
import importlib.util
import os
import pathlib
import re
from typing import Any, Dict, List, NamedTuple, Union

import numpy as np

_POINTER = ctypes.c_void_p
_CPU, _WRITE = 1, 1
# Types of events that are ops; other types are whole calls, or internal to the runtime.
_OPERATOR, _DELEGATE_OPERATOR = 2, 8


class OpTime(NamedTuple):
  """Time of all ops of a kind in a call.

  Attributes:
    kind: name of the op, or of the XNNPACK kernel that replaces it.
    number: number of such ops.
    milliseconds: time of all such ops, as the mean over calls.
  """

  kind: str
  number: int
  milliseconds: float


class UnavailableError(Exception):
  """Raised if no known profiler is installed."""


class _Layout(ctypes.Structure):
  _fields_ = [
    ("rank_bits", ctypes.c_uint),
    ("dimensions", ctypes.c_int32 * 8),
    ("strides", ctypes.c_uint32 * 8),
  ]


class _TensorType(ctypes.Structure):
  _fields_ = [("element", ctypes.c_int), ("layout", _Layout)]


class _Memory(ctypes.Structure):
  _fields_ = [(name, ctypes.c_size_t) for name in ("a", "b", "c")]


class _Event(ctypes.Structure):
  _fields_ = [
    ("tag", ctypes.c_char_p),
    ("type", ctypes.c_int),
    ("start", ctypes.c_uint64),
    ("microseconds", ctypes.c_uint64),
    ("before", _Memory),
    ("after", _Memory),
    ("metadata_1", ctypes.c_uint64),
    ("metadata_2", ctypes.c_uint64),
    ("source", ctypes.c_int),
  ]


class _Library:
  """Functions of libLiteRt.so, all of which return a status."""

  def __init__(self) -> None:
    spec = importlib.util.find_spec("ai_edge_litert")
    path = pathlib.Path(spec.origin).with_name("libLiteRt.so") if spec and spec.origin else None
    if path is None or not path.exists():
      raise UnavailableError("ai-edge-litert's library is not installed")
    self._library = ctypes.CDLL(os.fspath(path))

  def call(self, name: str, *arguments: Any) -> None:
    try:
      function = getattr(self._library, f"LiteRt{name}")
    except AttributeError as error:
      raise UnavailableError(f"this ai-edge-litert has no LiteRt{name}") from error
    function.restype = ctypes.c_int
    status = function(*arguments)
    if status:
      raise UnavailableError(f"LiteRt{name} returned status {status}")

  def create(self, name: str, *arguments: Any) -> ctypes.c_void_p:
    """Calls a function, and returns the handle that it writes to its last argument."""
    handle = _POINTER()
    self.call(name, *arguments, ctypes.byref(handle))
    return handle

  def count(self, name: str, *arguments: Any) -> int:
    """Calls a function, and returns the number that it writes to its last argument."""
    number = ctypes.c_size_t()
    self.call(name, *arguments, ctypes.byref(number))
    return number.value


def measure(
  path: Union[str, os.PathLike], signature: str, num_threads: int = 1, repeats: int = 20
) -> List[OpTime]:
  """Measures the times of a signature's ops on random inputs.

  Args:
    path: .tflite file.
    signature: name of the signature.
    num_threads: number of threads.
    repeats: number of calls.
  Returns:
    Times by kind of op, longest first.
  Raises:
    UnavailableError: no known profiler is installed.
  """
  profiled = _Profiled(_Library(), path, signature, num_threads)
  for _ in range(3):
    profiled.run()
  times: Dict[str, float] = collections.defaultdict(float)
  counts: Dict[str, int] = collections.Counter()
  for _ in range(repeats):
    for event in profiled.events():
      if event.type in (_OPERATOR, _DELEGATE_OPERATOR):
        # XNNPACK appends the name of the microkernel.
        kind = re.sub(r"\s+#\d+$|:\d+$", "", (event.tag or b"?").decode())
        times[kind] += event.microseconds / 1000 / repeats
        counts[kind] += 1
  op_times = [OpTime(kind, counts[kind] // repeats, time) for kind, time in times.items()]
  return sorted(op_times, key=lambda op_time: -op_time.milliseconds)


class _Profiled:
  """Signature of a file, compiled for the CPU and profiled."""

  def __init__(self, library: _Library, path: Any, signature: str, num_threads: int):
    self._library = library
    self._environment = library.create("CreateEnvironment", 0, None)
    model = library.create("CreateModelFromFile", self._environment, os.fsencode(path))
    options = _POINTER()
    library.call("CreateOptions", ctypes.byref(options))
    library.call("SetOptionsHardwareAccelerators", options, _CPU)
    self._texts: List[Any] = []
    self._add_option(options, b"runtime_options_string", b"enable_profiling = true\n")
    self._add_option(options, b"xnnpack", b"num_threads = %d\n" % num_threads)
    self._compiled = library.create("CreateCompiledModel", self._environment, model, options)
    self._index, handle = self._find(model, signature)
    self._inputs = self._buffers("Input", handle, fill=True)
    self._outputs = self._buffers("Output", handle, fill=False)
    self._profiler = library.create("CompiledModelGetProfiler", self._compiled)

  def _add_option(self, options: Any, name: bytes, text: bytes) -> None:
    buffer = ctypes.create_string_buffer(text)
    free = ctypes.CFUNCTYPE(None, _POINTER)(lambda _: None)
    self._texts += [buffer, free]  # kept as long as the library may read them
    address = _POINTER(ctypes.addressof(buffer))
    option = _POINTER()
    self._library.call("CreateOpaqueOptions", name, address, free, ctypes.byref(option))
    self._library.call("AddOpaqueOptions", options, option)

  def _find(self, model: Any, signature: str) -> Any:
    for index in range(self._library.count("GetNumModelSignatures", model)):
      handle = self._library.create("GetModelSignature", model, ctypes.c_size_t(index))
      key = ctypes.c_char_p()
      self._library.call("GetSignatureKey", handle, ctypes.byref(key))
      if (key.value or b"").decode() == signature:
        return ctypes.c_size_t(index), handle
    raise UnavailableError(f"no signature {signature!r}")

  def _buffers(self, kind: str, handle: Any, fill: bool) -> Any:
    library, buffers = self._library, []
    for number in range(library.count(f"GetNumSignature{kind}s", handle)):
      place = ctypes.c_size_t(number)
      tensor = library.create(f"GetSignature{kind}TensorByIndex", handle, place)
      form = _TensorType()
      library.call("GetRankedTensorType", tensor, ctypes.byref(form))
      requirements = library.create(
        f"GetCompiledModel{kind}BufferRequirements", self._compiled, self._index, place
      )
      buffer = library.create(
        "CreateManagedTensorBufferFromRequirements",
        self._environment,
        ctypes.byref(form),
        requirements,
      )
      if fill:
        size = library.count("GetTensorBufferPackedSize", buffer)
        address = _POINTER()
        library.call("LockTensorBuffer", buffer, ctypes.byref(address), _WRITE)
        values = np.random.default_rng(number).random(size // 4).astype(np.float32)
        ctypes.memmove(address, values.ctypes.data, values.nbytes)
        library.call("UnlockTensorBuffer", buffer)
      buffers.append(buffer)
    return (_POINTER * len(buffers))(*(buffer.value for buffer in buffers))

  def run(self) -> None:
    self._library.call(
      "RunCompiledModel",
      self._compiled,
      self._index,
      ctypes.c_size_t(len(self._inputs)),
      self._inputs,
      ctypes.c_size_t(len(self._outputs)),
      self._outputs,
    )

  def events(self) -> Any:
    """Runs the signature once, and returns the profiler's events."""
    library = self._library
    library.call("ResetProfiler", self._profiler)
    library.call("StartProfiler", self._profiler)
    self.run()
    library.call("StopProfiler", self._profiler)
    count = ctypes.c_int()
    library.call("GetNumProfilerEvents", self._profiler, ctypes.byref(count))
    events = (_Event * count.value)()
    library.call("GetProfilerEvents", self._profiler, count, events)
    return events

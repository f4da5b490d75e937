"""Start and end of every command."""

import errno
import gc
import io
import re
import signal
import sys
from typing import Callable, List, Sequence

from absl import app, flags, logging

from ppn_tf.runtime.command_help import HelpFlag
from ppn_tf.runtime.command_names import localize
from ppn_tf.runtime.errors import InputError
from ppn_tf.runtime.signals import end_with_reader, list_endings

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(main: Callable[[Sequence[str]], None]) -> None:
  """Runs `main` under absl and exits.

  An InputError or a full disk ends the command with one line on stderr and exit code 1. Ctrl-C
  exits with code 130, SIGTERM with 143 and SIGHUP with 129, after unfinished outputs have been
  removed. If the reader of stdout is gone, as in `ppn-tf cost | head`, the command ends silently
  with code 141.

  Args:
    main: takes argv without the flags, the program name first.
  """

  def guarded(argv: Sequence[str]) -> int:
    try:
      main(argv)
      sys.stdout.flush()
    except InputError as error:
      print(f"error: {name_flags(str(error))}", file=sys.stderr)
      return 1
    except OSError as error:
      if error.errno not in _DISK_FULL:
        raise
      where = f"{error.filename}: " if error.filename else ""
      print(f"error: {where}{error.strerror}. Free some space and start again.", file=sys.stderr)
      return 1
    except KeyboardInterrupt:
      print("interrupted", file=sys.stderr)
      return 130
    finally:
      # TensorFlow functions that outlive its modules print errors.
      gc.collect()
    return 0

  # Without a handler the process ends at once and `finally` blocks do not run.
  for number in list_endings():
    signal.signal(number, lambda number, frame: sys.exit(128 + number))
  # Names of files may have bytes that are no text.
  if isinstance(sys.stdout, io.TextIOWrapper):
    sys.stdout.reconfigure(errors="backslashreplace")
  # --verbosity, read after this, overrides the level.
  logging.set_verbosity(logging.WARNING)
  program = sys.modules["__main__"]
  program.__doc__ = localize(program.__doc__ or "")  # which --help prints
  with end_with_reader():
    app.run(guarded, flags_parser=parse_flags)


def parse_flags(argv: Sequence[str]) -> List[str]:
  """Parses the command line, or prints one line on stderr and exits with code 1.

  Args:
    argv: name of the program, flags and arguments.
  Returns:
    Name of the program and arguments.
  """
  for flag in (HelpFlag(), HelpFlag("helpshort", "?")):
    flags.FLAGS[flag.name] = flag
  try:
    return list(flags.FLAGS(argv))
  except flags.Error as error:
    message = re.sub(r"^flag (?=--)", "", " ".join(str(error).split()))
    print(f"error: {message.rstrip('.')}. See --help.", file=sys.stderr)
    sys.exit(1)


def name_flags(message: str) -> str:
  """Replaces "name=" in an error message by "--name=" if that is a flag of the command.

  Library errors name arguments of functions, and flags have the same names.
  """

  def replace(match: "re.Match[str]") -> str:
    return f"--{match[0]}" if match[1] in flags.FLAGS else match[0]

  return re.sub(r"(?<![-\w.'\"/])([a-z]\w+)=", replace, message)


def no_arguments(argv: Sequence[str]) -> None:
  """Checks that nothing but flags was given, such as a flag without its dashes.

  Args:
    argv: argv without the flags, the program name first.
  Raises:
    InputError: argv has more than the program name.
  """
  if len(argv) > 1:
    raise InputError(
      f"unexpected argument. Flags are written --name=value; see --help. Received: {argv[1]!r}"
    )

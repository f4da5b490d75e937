"""How every `python -m` program of the project starts and ends."""

import errno
import gc
import re
import signal
import sys
from typing import Callable, Sequence

from absl import app, flags, logging

from ppn_tf.runtime.command_names import localize
from ppn_tf.runtime.errors import InputError

# A disk, a quota or a file's greatest size is reached.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def run(main: Callable[[Sequence[str]], None]) -> None:
  """Runs `main` under absl and exits.

  An InputError becomes one line on stderr and exit code 1, and so does a full
  disk; Ctrl-C exit code 130, a polite kill (SIGTERM) 143 after the unfinished
  outputs are removed.

  Args:
    main: takes what is left of argv after the flags, program name first.
  """

  def guarded(argv: Sequence[str]) -> int:
    try:
      main(argv)
    except InputError as error:
      print(f"error: {name_flags(str(error))}", file=sys.stderr)
      return 1
    except OSError as error:
      if error.errno not in _FULL:
        raise
      where = f"{error.filename}: " if error.filename else ""
      print(f"error: {where}{error.strerror}. Make room and start again.", file=sys.stderr)
      return 1
    except KeyboardInterrupt:
      print("interrupted", file=sys.stderr)
      return 130
    finally:
      # TensorFlow's functions complain when they outlive its modules.
      gc.collect()
    return 0

  # Without a handler the process ends at once and `finally` blocks do not run.
  signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
  # --verbosity, read after this, still has its say.
  logging.set_verbosity(logging.WARNING)
  program = sys.modules["__main__"]
  program.__doc__ = localize(program.__doc__ or "")  # which --help prints
  app.run(guarded)


def name_flags(message: str) -> str:
  """Returns an error's message with "name=" as "--name=" where that is a flag of the command.

  The package names the arguments of its functions, and the flags have the same names.
  """

  def replace(match: "re.Match[str]") -> str:
    return f"--{match[0]}" if match[1] in flags.FLAGS else match[0]

  return re.sub(r"(?<![-\w.'\"/])([a-z]\w+)=", replace, message)


def no_arguments(argv: Sequence[str]) -> None:
  """Refuses what is left of argv after the flags: a flag without its dashes.

  Raises:
    InputError: there is something after the program's name.
  """
  if len(argv) > 1:
    raise InputError(
      f"unexpected argument. Flags are written --name=value; see --help. Received: {argv[1]!r}"
    )

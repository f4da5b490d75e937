"""Exceptions whose messages are written for users."""


class InputError(Exception):
  """Unusable input, such as a flag or a file.

  The message is one line: it names the file or flag, states the received value, and says how to
  fix it. Commands print it and exit with code 1, without a traceback.
  """


def first_line(error: BaseException) -> str:
  """Returns the first line of an exception's message, or its class name if it has none."""
  return next(iter(str(error).strip().splitlines()), type(error).__name__)

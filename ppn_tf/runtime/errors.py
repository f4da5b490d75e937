"""Exceptions whose messages are written for users."""


class InputError(Exception):
  """Unusable input, such as a flag or a file.

  The message is one line: it names the file or flag, states the received value, and says how to
  fix it. Commands print it and exit with code 1, without a traceback.
  """

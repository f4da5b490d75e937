"""The one exception a user is meant to read."""


class InputError(Exception):
  """Something given from outside cannot be used.

  The message is one line: it names the file or flag, says what was received
  and how to mend it. Doors print it and exit with code 1, without a trace.
  """

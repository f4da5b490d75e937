"""A user's own clips as TFDS records: `python -m data.clips --help`."""

"""Own clips as TFDS records: `python -m data.clips --help`."""

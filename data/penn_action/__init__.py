"""Penn Action as TFDS records: `python -m data.penn_action --help`."""

"""Sub-JHMDB as TFDS records: `python -m data.sub_jhmdb --help`."""

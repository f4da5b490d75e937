"""MPII Human Pose as TFDS records: `python -m data.mpii --help`."""

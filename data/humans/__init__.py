"""Rendered people in motion, with exact joints: `python -m data.humans --help`."""

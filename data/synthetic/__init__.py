"""Drawn clips of moving people in Penn Action's layout: `python -m data.synthetic --help`."""

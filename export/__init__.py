"""Commands that write models for other runtimes: `python -m export.NAME --help`."""

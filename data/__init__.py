"""Commands that write data sets: `python -m data.NAME --help`."""

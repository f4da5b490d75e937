"""Files, errors, signals and workdirs: the base of every command."""

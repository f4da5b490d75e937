"""Files, errors, signals and run folders: what every command stands on."""

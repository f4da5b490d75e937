"""Videos and photographs labelled by a teacher network: `python -m data.pseudo_label --help`."""

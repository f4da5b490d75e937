"""Cases of the golden vectors, by rule; `python -m export.golden` writes them."""

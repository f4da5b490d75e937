"""Training step of PPN in PyTorch, for timing; it requires a separate virtual environment."""

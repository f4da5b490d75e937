"""PPN's training step in PyTorch, to be timed beside this project's; it needs a venv of its own."""

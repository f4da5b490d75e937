"""Training: loss, optimizer, loop, checkpoints."""

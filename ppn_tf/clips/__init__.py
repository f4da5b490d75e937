"""From records on disk to batches of T-frame clips with targets."""

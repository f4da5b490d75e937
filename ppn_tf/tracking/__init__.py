"""Following a person through a video."""

"""Clips with a teacher network's labels, from a user's own videos and photographs."""

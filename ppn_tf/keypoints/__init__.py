"""Joints, their heatmaps, crops around a person, and the PCK metric."""

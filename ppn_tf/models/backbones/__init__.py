"""Backbones: flat functional feature extractors."""

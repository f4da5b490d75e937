"""Tracking of people through videos, on top of `inference`."""

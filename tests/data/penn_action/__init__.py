"""Tests of data.penn_action."""

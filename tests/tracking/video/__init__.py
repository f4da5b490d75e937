"""Tests of tracking.video."""

"""Tests of tracking.output."""

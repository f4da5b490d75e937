"""Tests of data.clips."""

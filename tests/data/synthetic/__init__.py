"""Tests of data.synthetic."""

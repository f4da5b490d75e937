"""Tests of data.mpii."""

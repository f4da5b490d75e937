"""Tests of data.builder."""

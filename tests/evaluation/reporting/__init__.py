"""Tests of evaluation.reporting."""

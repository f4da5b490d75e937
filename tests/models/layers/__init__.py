"""Tests of models.layers."""

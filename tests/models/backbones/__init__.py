"""Tests of models.backbones."""

"""Tests of data.pseudo_label."""

"""Tests of data.sub_jhmdb."""

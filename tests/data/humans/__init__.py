"""Tests of data.humans."""

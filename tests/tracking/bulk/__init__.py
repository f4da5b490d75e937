"""Tests of tracking of many videos."""

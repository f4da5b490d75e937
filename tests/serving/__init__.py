"""Tests of the server of poses."""

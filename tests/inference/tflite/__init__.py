"""Tests of inference.tflite."""

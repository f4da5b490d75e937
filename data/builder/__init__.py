"""Shared parts of the data sets' builders."""

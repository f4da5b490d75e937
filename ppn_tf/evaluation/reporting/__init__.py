"""Builds the report page: numbers, graphs and pictures of one or several runs."""

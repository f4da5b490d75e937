"""Scores of networks and predictions, and tables and pages of them."""

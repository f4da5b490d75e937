"""Pose networks in any form, ready to run frame by frame."""

"""Tracking of many videos: units of work, engines that run them, and tables of all joints."""

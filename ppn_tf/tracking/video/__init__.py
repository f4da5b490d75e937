"""Video files, cameras and streams: reading and writing frames."""

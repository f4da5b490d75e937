"""Server of poses for cameras, stills and short videos, in worker processes of one machine."""

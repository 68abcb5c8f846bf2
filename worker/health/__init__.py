"""Serves a worker's probes, and watches that its loops keep running."""

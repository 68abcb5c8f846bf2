"""Logs, traces and metrics that front and workers have in common."""

"""Spans, metrics and state of a worker."""

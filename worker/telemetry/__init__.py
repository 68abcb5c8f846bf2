"""The spans, metrics and state of a worker."""

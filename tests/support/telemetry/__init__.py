"""Receives and reads what processes send and expose: spans, log records, metrics."""

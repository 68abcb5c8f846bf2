"""Receives the spans and log records that processes send, and reads the metrics they expose."""

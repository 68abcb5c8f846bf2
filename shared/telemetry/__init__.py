"""Telemetry: the logs, traces and metrics that the front and the workers share."""

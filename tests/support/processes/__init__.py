"""Starts the service as processes, and looks at processes from outside."""

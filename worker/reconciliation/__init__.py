"""Repairs jobs and messages that no worker holds any more."""

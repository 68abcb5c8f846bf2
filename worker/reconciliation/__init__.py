"""Repairs what no executor can: jobs and messages that nobody holds any more."""

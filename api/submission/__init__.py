"""Submission of every kind of job: rows are committed first, then their messages are sent."""

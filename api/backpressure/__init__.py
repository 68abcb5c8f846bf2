"""Backpressure: how many jobs may wait, and how many of a tenant may be kept."""

"""Measures where the time of a job goes: its spans, and the CPU time of each part."""

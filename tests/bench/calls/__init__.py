"""Measures single calls, and callers who wait."""

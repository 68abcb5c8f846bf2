"""Measures what becomes of the figures with more rows, and with more fronts and workers."""

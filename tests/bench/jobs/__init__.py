"""Measures whole jobs, from their submission to their end."""

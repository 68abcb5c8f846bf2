"""Measures what the system costs while it runs, and while it has nothing to do."""

"""Metrics of the front: what it counts itself, and what it reads at a scrape."""

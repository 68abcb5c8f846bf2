"""Metrics of a front: those that it counts itself, and those that it reads at each scrape."""

"""Looks again at single lines of a page."""

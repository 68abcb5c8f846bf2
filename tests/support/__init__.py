"""Helpers that several tests need, each in a module named after what it provides."""

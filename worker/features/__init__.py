"""Runs each feature, and loads the components that it needs."""

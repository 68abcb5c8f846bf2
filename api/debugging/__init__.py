"""Tools with which a developer inspects a running front in debug mode."""

"""Pytest plugins that decide which tests run, in which order and in which process."""

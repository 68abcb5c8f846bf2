"""Runs the whole system on one machine, from PyPI wheels, for bin/dev, bin/demo and the tests."""

"""The whole system on one machine, from PyPI wheels: behind bin/dev, bin/demo and the tests."""

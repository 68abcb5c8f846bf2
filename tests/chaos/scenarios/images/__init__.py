"""Scenarios in which the object store of images fails."""

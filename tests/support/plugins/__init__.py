"""Plugins of pytest, loaded by the conftest: which tests run here, in which order and where."""

"""Embedders and classifiers, which implement the interfaces of `ports.py`."""

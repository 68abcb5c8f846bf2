"""Embedders and classifiers, each behind one port."""

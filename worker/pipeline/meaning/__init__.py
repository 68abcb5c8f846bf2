"""Embeddings and categories of item names; `models/ports.py` defines the models' interfaces."""

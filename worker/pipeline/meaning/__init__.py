"""Text to meaning: embeddings and categories. `ports.py` says what is asked of the models."""

"""Text to meaning: embeddings, and categories by similarity."""

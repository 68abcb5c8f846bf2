"""Names in languages that neither the default model nor the knowledge files know."""

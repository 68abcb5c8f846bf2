"""Shows and saves figures, and compares them with earlier ones."""

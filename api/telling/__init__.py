"""How callers learn what became of their jobs: by waiting, and by listening to events."""

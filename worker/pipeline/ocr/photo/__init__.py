"""Photos made ready for an engine."""

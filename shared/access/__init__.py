"""What callers prove themselves by, and what it allows."""

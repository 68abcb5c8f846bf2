"""Makes what callers prove themselves by."""

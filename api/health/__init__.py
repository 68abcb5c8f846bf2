"""Health checks: whether work can be accepted, and whether it gets done."""

"""The worker's own port, and whether its loops turn."""

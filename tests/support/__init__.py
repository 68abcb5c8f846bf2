"""What several tests need. Every module says by its name what it gives."""

"""Bulk operations: every front works on those that any of them has begun."""

"""Receipts: the requests to read one, and the shapes of the result."""

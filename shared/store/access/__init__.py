"""Tokens, what operators do, and the removal of a tenant's data."""

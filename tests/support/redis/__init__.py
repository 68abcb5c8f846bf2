"""Runs servers of Redis and Valkey in more ways than the product's own commands do."""

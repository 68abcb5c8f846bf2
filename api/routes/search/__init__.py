"""The calls that find jobs by conditions: failures and bulk operations."""

"""Jobs that are found by conditions: lists, failures, bulk operations."""

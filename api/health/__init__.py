"""Whether work can be accepted and done."""

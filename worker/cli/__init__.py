"""The command line `grocery-ai`."""

"""Scenarios in which something is replaced on purpose, or has to be: code, processes, a server."""

"""Connections and calls that are opened to keep others out."""

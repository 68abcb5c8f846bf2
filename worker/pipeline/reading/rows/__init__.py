"""Builds rows from boxes of text, and finds the kind of each row."""

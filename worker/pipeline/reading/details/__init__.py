"""Reads the fields beside merchant, date, total and items, each with its place."""

"""Reads parts of a receipt again where the first reading leaves doubts."""

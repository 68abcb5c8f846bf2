"""Totals, and the arithmetic that proves them."""

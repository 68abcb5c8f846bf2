"""Merchant, date and currency."""

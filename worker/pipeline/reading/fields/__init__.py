"""Finds the merchant, the date and the currency of a receipt."""

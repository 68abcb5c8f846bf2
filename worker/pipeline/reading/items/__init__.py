"""Finds the line items of a receipt, and takes them apart."""

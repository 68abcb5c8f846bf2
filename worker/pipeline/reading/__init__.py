"""Reads a receipt from its text: rows from word boxes, then merchant, date, currency and sums."""

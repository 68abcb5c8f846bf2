"""Text to receipts: rows from word boxes, then merchant, date, currency, total, items."""

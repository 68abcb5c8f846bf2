"""Tables of what is known about receipts and groceries."""

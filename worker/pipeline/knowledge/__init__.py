"""What is known about receipts and groceries: TOML files, their schemas and their loading."""

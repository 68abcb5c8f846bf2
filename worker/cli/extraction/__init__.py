"""Reading receipts from files on this machine: the parts of `grocery-ai extract`."""

"""What the front and the workers have in common: contract, settings, database, queue, client."""

"""The queues: the order in them, and their pauses."""

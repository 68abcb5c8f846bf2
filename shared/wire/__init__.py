"""Wire: the messages, and the only code that speaks to Redis."""

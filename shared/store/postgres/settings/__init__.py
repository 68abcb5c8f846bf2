"""The settings of a database: its URL, what is between it and us, its time limits."""

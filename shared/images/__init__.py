"""Images that callers send: what their headers say, and how they are opened and shown."""

"""Words as they are compared and shown."""

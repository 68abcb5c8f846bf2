"""What a developer may ask a running front in debug mode."""

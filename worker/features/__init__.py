"""What each feature does, and the components that do it."""

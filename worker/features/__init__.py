"""What each feature does, and the engines that do it."""

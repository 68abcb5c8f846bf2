"""What the service says of itself: its components, its health, its queues."""

"""What is read from a request before a route sees it: its ids, its upload, its unknown fields."""

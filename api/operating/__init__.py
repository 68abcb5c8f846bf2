"""What operators do, by a call or on a page of the console."""

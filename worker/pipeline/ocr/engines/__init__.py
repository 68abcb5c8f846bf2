"""Text recognition engines behind one port."""

"""Images to text: decoding, and the engines behind one port."""

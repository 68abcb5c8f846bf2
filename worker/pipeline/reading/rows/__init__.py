"""From boxes of text to rows, and what kind of row each is."""

"""Guards before a dependency: who may ask it, in which order, and who is refused at once."""

"""Takes messages, runs their jobs, and stores how each attempt ends."""

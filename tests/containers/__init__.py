"""Builds the images, runs the stack and the production image on a real engine, and breaks them."""

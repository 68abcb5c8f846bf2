"""Works out the geometry of the pictures that templates draw as SVG."""

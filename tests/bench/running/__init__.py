"""What runs while something is measured: servers, fronts, workers, and what counts and profiles."""

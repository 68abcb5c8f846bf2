"""Measures speed as ratios within one run on one machine. See `bin/bench --help`."""

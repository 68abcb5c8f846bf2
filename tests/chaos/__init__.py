"""Breaks a running system on purpose and counts lost jobs. See `bin/chaos --help`."""

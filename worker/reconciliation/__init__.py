"""Repairs jobs and messages that no worker holds any more."""

# The most rows or messages that one step handles, so that none takes long.
CHUNK = 1000
# How many of many keys a line of the log names, beside their number.
NAMED = 5

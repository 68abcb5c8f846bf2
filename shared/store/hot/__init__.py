"""The statements of the hot path, each of which handles many jobs in one round trip."""

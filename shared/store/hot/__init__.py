"""The statements of every request and every job, as SQL, each in one round trip."""

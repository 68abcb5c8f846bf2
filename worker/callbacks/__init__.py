"""Sends the callbacks of jobs that ended, from the outbox in Postgres to their receivers."""

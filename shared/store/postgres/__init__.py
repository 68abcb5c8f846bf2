"""Connections to Postgres: the URL, the pool and its transactions, and what the server offers."""

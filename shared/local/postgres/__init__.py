"""The embedded Postgres. Everything else in this package is private."""

from shared.local.postgres.server import embedded_postgres

__all__ = ["embedded_postgres"]

"""The statements that every job needs, each in one round trip. Everything else uses SQLAlchemy."""

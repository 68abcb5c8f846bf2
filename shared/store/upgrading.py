"""Applies the migrations that a database lacks."""

from importlib.resources import files

from alembic import command
from alembic.config import Config


def upgrade() -> None:
    """Apply every migration that the database at DATABASE_URL lacks.

    Ends the process with an error if DATABASE_URL is wrong or Postgres does not answer.
    """
    config = Config()
    # A percent sign in a value begins a reference to another option.
    folder = str(files("shared.store.migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    command.upgrade(config, "head")

"""The settings of what connects to Postgres, also where nothing else of the service is set up."""

from typing import Annotated, Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.store.postgres.settings.database_url import DatabaseUrl

Pooler = Literal["none", "transaction"]


class DatabaseSettings(BaseSettings):
    """The settings of what connects to Postgres. Durations are in seconds."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl
    # What DATABASE_URL leads to: Postgres, or PgBouncer with pool_mode=transaction.
    database_pooler: Pooler = "none"
    # If Postgres has not answered by then, callers get an error instead of waiting any longer.
    database_patience: Annotated[float, Field(gt=0)] = 1.5
    lease: Annotated[float, Field(gt=0)] = 15

    @property
    def longest_transaction(self) -> float:
        """How long a transaction of any process of the service may take."""
        return max(self.lease, self.database_patience)

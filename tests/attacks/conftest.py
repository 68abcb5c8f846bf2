"""Fixtures for attacks: a front that demands tokens, and who calls it."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from api.main import create_app
from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import stored_token


@dataclass(frozen=True)
class Guarded:
    """A front that demands tokens, an HTTP client without one, and the tokens of callers.

    `home` is a tenant with a job; `other` has every scope but `admin`, for another tenant.
    """

    app: FastAPI
    http: httpx.AsyncClient
    home: str
    other: str
    service: str
    operator: str
    outsider: str


@pytest.fixture
def guarding(settings: Settings) -> Settings:
    """Settings under which callers need tokens."""
    return settings.model_copy(update={"auth": "tokens"})


@pytest.fixture
async def guarded(guarding: Settings, database: Database) -> AsyncIterator[Guarded]:
    """A front inside the test that demands tokens."""
    everything = [scope for scope in Scope if scope is not Scope.ADMIN]
    tokens: Mapping[str, str] = {
        "home": await stored_token(database, "home"),
        "other": await stored_token(database, "other", scopes=everything),
        "service": await stored_token(database, "*"),
        "operator": await stored_token(database, "*", scopes=[Scope.ADMIN]),
        "outsider": await stored_token(database, "home", scopes=[]),
    }
    app = create_app(guarding)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://front") as http:
            yield Guarded(app, http, **tokens)

"""Makes tokens for tests."""

from collections.abc import Sequence
from datetime import timedelta

from shared.access.scopes import Scope
from shared.access.tokens import new_token
from shared.store.access.tokens import create_token
from shared.store.postgres.database import Database

# What the service of an app needs.
USUAL = (Scope.JOBS_READ, Scope.JOBS_WRITE)


async def stored_token(
    database: Database,
    *tenants: str,
    scopes: Sequence[Scope] = USUAL,
    lifetime: timedelta | None = None,
) -> str:
    """Store a token for these tenants, and return its text."""
    token = new_token()
    async with database.transaction() as session:
        await create_token(
            session, token, name="test", scopes=scopes, tenants=tenants, lifetime=lifetime
        )
    return token.text


def bearer(token: str) -> dict[str, str]:
    """Return the header that has a token."""
    return {"Authorization": f"Bearer {token}"}


def id_of(token: str) -> str:
    """Return the id of a token."""
    return token.split("_")[1]

"""Makes, lists and revokes tokens, and reads those that live."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from shared.access.scopes import ALL_TENANTS, Scope
from shared.access.tokens import NewToken
from shared.store.access.sessions import end_sessions_of
from shared.store.models import Token
from shared.store.postgres.statements import Fetch, Statement

_LIVING = Statement(
    "tokens.living",
    "select",
    """
SELECT id, hash, scopes, tenants, extract(epoch FROM expires_at - now())::float8 AS lives_for
FROM tokens
WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())
""",
)
# Several fronts may note the same use.
_NOTE_USE = Statement(
    "tokens.note_use",
    "update",
    """
UPDATE tokens SET last_used_at = now()
WHERE id = ANY ($1::text[])
    AND (last_used_at IS NULL OR last_used_at < now() - interval '1 minute')
""",
)


@dataclass(frozen=True)
class LivingToken:
    """A token that is neither revoked nor expired.

    `tenants` is None if it acts for all. `lives_for` is in seconds after it was read, None if it
    does not expire.
    """

    id: str
    scopes: frozenset[Scope]
    tenants: frozenset[str] | None
    hash: bytes = field(repr=False)
    lives_for: float | None = None


async def create_token(
    session: AsyncSession,
    token: NewToken,
    *,
    name: str,
    scopes: Iterable[Scope],
    tenants: Iterable[str],
    lifetime: timedelta | None,
) -> None:
    """Store a new token, which expires after its `lifetime` if it has one."""
    session.add(
        Token(
            id=token.id,
            name=name,
            hash=token.hash,
            scopes=[scope.value for scope in scopes],
            tenants=list(tenants),
            expires_at=None if lifetime is None else func.now() + lifetime,
        )
    )
    await session.flush()


async def all_tokens(session: AsyncSession) -> Sequence[tuple[Token, datetime]]:
    """Return every token, oldest first, each with the time of Postgres."""
    found = await session.execute(select(Token, func.now()).order_by(Token.created_at, Token.id))
    return [(row[0], row[1]) for row in found]


async def token_names(session: AsyncSession, token_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those tokens that exist, also of revoked ones, by their ids."""
    found = await session.execute(
        select(Token.id, Token.name).where(Token.id.in_(sorted(set(token_ids))))
    )
    return {row.id: row.name for row in found}


async def revoke_token(session: AsyncSession, token_id: str) -> bool:
    """Revoke a token and end its sessions of the console; return False if there is no such token.

    Revoking twice changes nothing.
    """
    await end_sessions_of(session, token_id)
    revoked = (
        update(Token)
        .where(Token.id == token_id)
        .values(revoked_at=func.coalesce(Token.revoked_at, func.now()))
        .returning(Token.id)
    )
    return await session.scalar(revoked) is not None


async def living_tokens(fetch: Fetch) -> Sequence[LivingToken]:
    """Return the tokens that are neither revoked nor expired. Raises DatabaseUnavailable."""
    return [
        LivingToken(
            id=row["id"],
            # A newer version may know more scopes.
            scopes=frozenset(scope for scope in Scope if scope in row["scopes"]),
            tenants=None if ALL_TENANTS in row["tenants"] else frozenset(row["tenants"]),
            hash=row["hash"],
            lives_for=row["lives_for"],
        )
        for row in await fetch(_LIVING)
    ]


async def note_use(fetch: Fetch, token_ids: Sequence[str]) -> None:
    """Note that tokens were used, unless that was noted in the last minute.

    Raises DatabaseUnavailable.
    """
    await fetch(_NOTE_USE, token_ids)

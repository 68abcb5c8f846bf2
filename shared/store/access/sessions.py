"""Sessions of the console, of which only hashes are stored."""

from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession

from shared.access.tokens import SentToken
from shared.store.models import ConsoleSession
from shared.store.postgres.statements import Fetch, Statement

_FIND = Statement(
    "sessions.find",
    "select",
    "SELECT token_id, token_hash FROM console_sessions WHERE key_hash = $1 AND expires_at > now()",
)


async def begin_session(session: AsyncSession, key: str, token: SentToken, lifetime: float) -> None:
    """Store a session for `lifetime` seconds within the caller's transaction."""
    expires_at = func.now() + timedelta(seconds=lifetime)
    begun = ConsoleSession(
        key_hash=_hash(key), token_id=token.id, token_hash=token.hash, expires_at=expires_at
    )
    session.add(begun)
    await session.flush()


async def find_session(fetch: Fetch, key: str) -> SentToken | None:
    """Return the token with which a session began; None if there is no such session any more.

    Whether the token still lives is another question. Raises DatabaseUnavailable.
    """
    rows = await fetch(_FIND, _hash(key))
    return SentToken(rows[0]["token_id"], rows[0]["token_hash"]) if rows else None


async def end_session(session: AsyncSession, key: str) -> str | None:
    """End a session; return the id of its token, or None if there is no such session."""
    ended = delete(ConsoleSession).where(ConsoleSession.key_hash == _hash(key))
    token_id: str | None = await session.scalar(ended.returning(ConsoleSession.token_id))
    return token_id


async def end_sessions_of(session: AsyncSession, token_id: str) -> None:
    """End all sessions that began with a token."""
    await session.execute(delete(ConsoleSession).where(ConsoleSession.token_id == token_id))


async def prune_sessions(session: AsyncSession) -> None:
    """Delete the sessions that have expired."""
    await session.execute(delete(ConsoleSession).where(ConsoleSession.expires_at < func.now()))


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()

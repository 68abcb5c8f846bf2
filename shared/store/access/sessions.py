"""Sessions of the console, of which only hashes are stored."""

from hashlib import sha256

from shared.access.tokens import SentToken
from shared.store.postgres.statements import Fetch, Statement

_BEGIN = Statement(
    "sessions.begin",
    "insert",
    """
    INSERT INTO console_sessions (key_hash, token_id, token_hash, expires_at)
    VALUES ($1, $2, $3, now() + make_interval(secs => $4::float8))
    """,
    once=True,
)
_FIND = Statement(
    "sessions.find",
    "select",
    "SELECT token_id, token_hash FROM console_sessions WHERE key_hash = $1 AND expires_at > now()",
)
_END = Statement("sessions.end", "delete", "DELETE FROM console_sessions WHERE key_hash = $1")


async def begin_session(fetch: Fetch, key: str, token: SentToken, lifetime: float) -> None:
    """Store a session for `lifetime` seconds. Raises DatabaseUnavailable."""
    await fetch(_BEGIN, _hash(key), token.id, token.hash, lifetime)


async def find_session(fetch: Fetch, key: str) -> SentToken | None:
    """Return the token with which a session began; None if there is no such session any more.

    Whether the token still lives is another question. Raises DatabaseUnavailable.
    """
    rows = await fetch(_FIND, _hash(key))
    return SentToken(rows[0]["token_id"], rows[0]["token_hash"]) if rows else None


async def end_session(fetch: Fetch, key: str) -> None:
    """End a session. Raises DatabaseUnavailable."""
    await fetch(_END, _hash(key))


def _hash(key: str) -> bytes:
    return sha256(key.encode()).digest()

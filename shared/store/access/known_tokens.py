"""The living tokens that a process knows, so that a request costs no statement.

They are read again when somebody needs them and they are two seconds old. What is older than four
and a half seconds counts no more, so a revocation is in force everywhere within five.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from dataclasses import dataclass, field

import structlog

from shared.access.scopes import Scope
from shared.access.tokens import SentToken
from shared.errors import ServiceError
from shared.process.patience import Patience
from shared.rejections import Unauthenticated
from shared.store.access.tokens import LivingToken, living_tokens, note_use
from shared.store.postgres.database import Database

log = structlog.get_logger(__name__)

# Seconds. Older tokens are read again, and while those are still recent nobody waits for that.
_RENEWED_AFTER, _RECENT = 2.0, 4.5
# Seconds between two readings because of an id that is not known. Who guesses may not cause more.
_BETWEEN_SEARCHES = 1.0
# Seconds between two notes of the use of a token.
_BETWEEN_NOTES = 60.0
# What an unknown token is compared with, so that the answer takes as long as for a known one.
_NOBODYS = bytes(32)
_BOOTSTRAP = "bootstrap"


@dataclass(frozen=True)
class _Reading:
    """The tokens as one reading found them, which began at `begun` (of `time.monotonic`)."""

    tokens: Mapping[str, LivingToken] = field(default_factory=dict)
    begun: float = -math.inf

    @property
    def age(self) -> float:
        """How many seconds ago it began."""
        return time.monotonic() - self.begun

    def find(self, sent: SentToken) -> LivingToken:
        """Return the token that was sent. Raises Unauthenticated, which does not say why."""
        found = self.tokens.get(sent.id)
        right = sent.is_that_of(found.hash if found else _NOBODYS)
        if found is None or not right or self._has_expired(found):
            raise Unauthenticated
        return found

    def _has_expired(self, token: LivingToken) -> bool:
        return token.lives_for is not None and self.age >= token.lives_for


class KnownTokens:
    """Finds out whose token a caller sent."""

    def __init__(
        self, database: Database, bootstrap_hash: str | None, *, recent: float = _RECENT
    ) -> None:
        """`bootstrap_hash`: the sha256 in hex of a token that may do everything, or None.

        What is known counts for `recent` seconds.
        """
        self._database = database
        self._renewed_after, self._recent = min(_RENEWED_AFTER, recent), recent
        self._bootstrap = bootstrap_hash and LivingToken(
            _BOOTSTRAP, frozenset({Scope.ADMIN}), None, bytes.fromhex(bootstrap_hash)
        )
        self._known = _Reading()
        self._reading: asyncio.Task[ServiceError | None] | None = None
        self._failure: ServiceError | None = None
        self._searched_at = -math.inf
        # When the use of each token was last noted, and of which it is about to be.
        self._noted_at: dict[str, float] = {}
        self._used: set[str] = set()
        self._noting: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Know tokens while the block runs, and wait for the last statements at its end."""
        yield
        if tasks := [task for task in (self._reading, self._noting) if task is not None]:
            # The database is about to be closed.
            await asyncio.wait(tasks)

    async def find(self, sent: SentToken | None, *, outage: float | None = None) -> LivingToken:
        """Return the token that a caller sent.

        With `outage`, tokens that were known before count for as long as Postgres cannot be asked,
        for which this waits that many seconds. Raises Unauthenticated, DatabaseUnavailable and
        SchemaBehind.
        """
        if sent is None:
            raise Unauthenticated
        if self._bootstrap and sent.is_that_of(self._bootstrap.hash):
            return self._bootstrap
        await self._renew(outage)
        if sent.id not in self._known.tokens:
            await self._search()
        found = self._known.find(sent)
        self._note(found.id)
        return found

    async def _renew(self, outage: float | None) -> None:
        """See to it that what is known is recent. Raises the error of the reading."""
        age = self._known.age
        if age < self._renewed_after:
            return
        reading = self._begin()
        if age < self._recent:
            return
        if outage is not None and self._known.tokens:
            # What is known counts then, and whoever comes next asks again.
            with suppress(TimeoutError):
                async with Patience(outage):
                    await asyncio.shield(reading)
        else:
            await self._wait(reading)

    async def _search(self) -> None:
        """Read for the sake of an id that is not known, but not too often.

        Raises the error of the reading, also if it was that of somebody else: nobody knows then
        whether there is such a token.
        """
        now = time.monotonic()
        if now - self._searched_at >= _BETWEEN_SEARCHES:
            self._searched_at = now
            await self._wait(self._begin())
        elif self._failure is not None:
            raise self._failure

    async def _wait(self, reading: asyncio.Task[ServiceError | None]) -> None:
        # A caller who goes away must not take the reading from the others.
        if failure := await asyncio.shield(reading):
            raise failure

    def _begin(self) -> asyncio.Task[ServiceError | None]:
        if self._reading is None or self._reading.done():
            # It is for many requests, and so belongs to the trace of none.
            self._reading = asyncio.create_task(
                self._read(), name="tokens.reading", context=Context()
            )
        return self._reading

    async def _read(self) -> ServiceError | None:
        """Read the tokens, and return the error if that fails. Whoever needs them raises it."""
        begun = time.monotonic()
        try:
            tokens = await living_tokens(self._database.fetch)
        except ServiceError as error:
            self._failure = error
        else:
            self._failure = None
            self._known = _Reading({token.id: token for token in tokens}, begun)
        return self._failure

    def _note(self, token_id: str) -> None:
        now = time.monotonic()
        if now - self._noted_at.get(token_id, -math.inf) < _BETWEEN_NOTES:
            return
        self._noted_at[token_id] = now
        self._used.add(token_id)
        if self._noting is None or self._noting.done():
            self._noting = asyncio.create_task(
                self._write_notes(), name="tokens.noting", context=Context()
            )

    async def _write_notes(self) -> None:
        while self._used:
            used, self._used = self._used, set()
            try:
                await note_use(self._database.fetch, sorted(used))
            except ServiceError as error:
                # Nobody needs it enough to be refused for it.
                log.warning("tokens.use_not_noted", away=True, reason=error.code)

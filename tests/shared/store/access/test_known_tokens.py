"""A process knows the living tokens, and asks Postgres seldom."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text, update

from shared.access.scopes import Scope
from shared.access.tokens import SentToken, read_token
from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.rejections import Unauthenticated
from shared.store.access.known_tokens import KnownTokens
from shared.store.access.tokens import all_tokens, revoke_token
from shared.store.models import Token
from shared.store.postgres.database import Database
from tests.support.access.tokens import id_of, stored_token
from tests.support.fronts import nowhere
from tests.support.waiting import wait_until


@pytest.fixture
async def known(database: Database) -> AsyncIterator[KnownTokens]:
    """The tokens that a process knows."""
    known = KnownTokens(database, None)
    async with known.running():
        yield known


def sent(token: str) -> SentToken:
    """Return a token as a caller sends it."""
    found = read_token(f"Bearer {token}".encode())
    assert found is not None
    return found


def guess() -> SentToken:
    """Return a token that nobody made."""
    return sent(f"gpai_{secrets.token_hex(6)}_{secrets.token_hex(32)}")


async def is_known(known: KnownTokens, token: str) -> bool:
    """Return whether a token is a valid one."""
    try:
        await known.find(sent(token))
    except Unauthenticated:
        return False
    return True


def statements(database: Database) -> CollectorRegistry:
    """Count the statements from now on."""
    registry = CollectorRegistry()
    database.measure_with(registry)
    return registry


def count(registry: CollectorRegistry, operation: str) -> float:
    """Return how many statements of a kind there were."""
    name = "db_client_operation_duration_seconds_count"
    return registry.get_sample_value(name, {"operation": operation}) or 0


async def test_a_token_is_found(known: KnownTokens, database: Database) -> None:
    """The scopes and tenants are those of the row; `*` stands for all tenants."""
    token = await stored_token(database, "a", "b")
    service = await stored_token(database, "*", scopes=[Scope.ADMIN])

    found, for_all = await known.find(sent(token)), await known.find(sent(service))

    assert found.id == id_of(token)
    assert found.tenants == frozenset({"a", "b"})
    assert found.scopes == {Scope.JOBS_READ, Scope.JOBS_WRITE}
    assert for_all.tenants is None
    assert for_all.scopes == {Scope.ADMIN}


async def test_a_token_with_another_secret_is_refused(
    known: KnownTokens, database: Database
) -> None:
    token = await stored_token(database, "a")
    forged = f"{token[:-1]}{'0' if token[-1] != '0' else '1'}"

    assert await is_known(known, token)
    assert not await is_known(known, forged)


async def test_a_scope_of_a_newer_version_allows_nothing(
    known: KnownTokens, database: Database
) -> None:
    """Fronts of two versions run side by side."""
    token = await stored_token(database, "a")
    async with database.transaction() as session:
        await session.execute(update(Token).values(scopes=["jobs:read", "jobs:eat"]))

    assert (await known.find(sent(token))).scopes == {Scope.JOBS_READ}


async def test_revoked_and_expired_tokens_are_refused_soon(
    known: KnownTokens, database: Database
) -> None:
    """A revocation is in force within five seconds; an expiry needs no reading at all."""
    revoked = await stored_token(database, "a")
    brief = await stored_token(database, "a", lifetime=timedelta(seconds=1))
    kept = await stored_token(database, "a", lifetime=timedelta(days=1))
    assert [await is_known(known, token) for token in (revoked, brief, kept)] == [True] * 3

    async with database.transaction() as session:
        assert await revoke_token(session, id_of(revoked))
        assert not await revoke_token(session, "nobody")

    async def both_refused() -> bool:
        return not await is_known(known, revoked) and not await is_known(known, brief)

    await wait_until(both_refused, "both were refused", within=5)
    assert await is_known(known, kept)


async def test_an_idle_process_waits_for_a_reading(database: Database) -> None:
    """What it knew when somebody last asked is too old to count."""
    known = KnownTokens(database, None, recent=0)
    async with known.running():
        token = await stored_token(database, "a")
        assert await is_known(known, token)
        async with database.transaction() as session:
            await revoke_token(session, id_of(token))

        assert not await is_known(known, token)


async def test_guessing_costs_no_statements(known: KnownTokens, database: Database) -> None:
    """An unknown id causes at most one reading a second, whoever sends how many."""
    token = await stored_token(database, "a")
    assert await is_known(known, token)
    registry = statements(database)
    begun = time.monotonic()

    guesses = [known.find(guess()) for _ in range(500)]
    answers = await asyncio.gather(*guesses, return_exceptions=True)

    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert count(registry, "select") <= 1 + (time.monotonic() - begun)


async def test_known_tokens_cost_no_statements(known: KnownTokens, database: Database) -> None:
    """The use of a token is noted once a minute."""
    token = await stored_token(database, "a")
    registry = statements(database)
    begun = time.monotonic()
    for _ in range(500):
        await known.find(sent(token))

    assert count(registry, "select") <= 2 + (time.monotonic() - begun) / 2
    await wait_until(lambda: count(registry, "update") == 1, "the use was noted")
    async with database.transaction() as session:
        ((row, now),) = await all_tokens(session)
    assert row.last_used_at is not None
    assert now - row.last_used_at < timedelta(minutes=1)


async def test_a_new_token_works_at_once(known: KnownTokens, database: Database) -> None:
    """The id is not known yet, so the process looks again."""
    assert await is_known(known, await stored_token(database, "a"))
    known_again = KnownTokens(database, None)
    async with known_again.running():
        assert await is_known(known_again, first := await stored_token(database, "a"))
        assert await is_known(known_again, first)


async def test_without_postgres_nobody_is_refused_for_good(database: Database) -> None:
    """A caller who gets a 401 gives up. One who gets a 503 comes again."""
    away = Database(nowhere("postgresql").get_secret_value(), process="test", transaction_limit=1)
    known = KnownTokens(away, None)
    async with known.running():
        for _ in range(3):
            with pytest.raises(DatabaseUnavailable):
                await known.find(guess())
        with pytest.raises(Unauthenticated):
            await known.find(None)
    await away.close()


async def test_in_an_outage_known_tokens_open_the_metrics_only(database: Database) -> None:
    """Nothing else: a revocation might have been missed."""
    known = KnownTokens(database, None, recent=0)
    token = await stored_token(database, "a")
    async with known.running():
        assert await is_known(known, token)
        async with database.transaction() as session:
            await session.execute(text("ALTER TABLE tokens RENAME TO away"))
        try:
            with pytest.raises(SchemaBehind):
                await known.find(sent(token))
            found = await known.find(sent(token), outage=1)
        finally:
            async with database.transaction() as session:
                await session.execute(text("ALTER TABLE away RENAME TO tokens"))

    assert found.id == id_of(token)


async def test_the_bootstrap_token_needs_no_row_and_no_postgres() -> None:
    """The settings have the hash."""
    text_ = f"gpai_{secrets.token_hex(6)}_{secrets.token_hex(32)}"
    away = Database(nowhere("postgresql").get_secret_value(), process="test", transaction_limit=1)
    known = KnownTokens(away, sha256(text_.encode()).hexdigest())
    found = await known.find(sent(text_))

    assert found.id == "bootstrap"
    assert found.scopes == {Scope.ADMIN}
    assert found.tenants is None
    with pytest.raises(DatabaseUnavailable):
        await known.find(guess())
    await away.close()

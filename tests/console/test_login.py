"""Logging in with a token, and out again, with a real front, Postgres and Redis."""

import re
from collections.abc import Sequence
from datetime import timedelta

import httpx
import pytest
import structlog
from sqlalchemy import func, select, update

from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.access.audit import entries
from shared.store.access.sessions import prune_sessions
from shared.store.access.tokens import revoke_token
from shared.store.models import ConsoleSession
from shared.store.postgres.database import Database
from tests.support.access.logins import log_in, log_out
from tests.support.access.tokens import id_of, stored_token
from tests.support.fronts import front_http, nowhere


@pytest.fixture
def guarding(settings: Settings) -> Settings:
    """Settings under which people log in."""
    return settings.model_copy(update={"auth": "tokens"})


async def how_many(database: Database) -> int:
    """Return how many sessions are stored."""
    async with database.transaction() as session:
        return await session.scalar(select(func.count()).select_from(ConsoleSession)) or 0


async def test_a_session_lasts_until_its_owner_logs_out(
    guarding: Settings, database: Database
) -> None:
    """The page that was asked for follows, and the audit has both, by the id of the token."""
    token = await stored_token(database, "home", scopes=[Scope.JOBS_READ])
    async with front_http(guarding) as http:
        sent_away = await http.get("/console/jobs?status=failed")
        logged_in = await log_in(http, token, sent_away.headers["location"])
        page = await http.get("/console/jobs")
        left = await log_out(http)
        after = await http.get("/console/jobs")
    async with database.transaction() as session:
        audited = await entries(session, 10)

    assert sent_away.status_code == after.status_code == 303
    assert logged_in.headers["location"] == "/console/jobs?status=failed"
    assert (page.status_code, left.headers["location"]) == (200, "/console/login")
    who = id_of(token)
    assert [(row.action, row.actor) for row in audited] == [
        ("console.logout", who),
        ("console.login", who),
    ]
    assert all(row.request_id for row in audited)


@pytest.mark.parametrize(("scopes", "status"), [([], 403), (None, 401)])
async def test_whoever_may_read_nothing_gets_no_session(
    guarding: Settings, database: Database, scopes: Sequence[Scope] | None, status: int
) -> None:
    """The log has the refusal, and nothing of the token."""
    token = (
        f"gpai_{'0' * 12}_{'1' * 64}"
        if scopes is None
        else await stored_token(database, "home", scopes=scopes)
    )
    async with front_http(guarding) as http:
        with structlog.testing.capture_logs() as logs:
            refused = await log_in(http, token)

    assert refused.status_code == status
    assert 'role="alert"' in refused.text
    assert await how_many(database) == 0
    assert [entry["event"] for entry in logs].count("console.login_refused") == 1
    assert token.split("_")[2] not in f"{logs}{refused.text}"


@pytest.mark.parametrize("redis_is_away", [False, True])
async def test_logins_are_ten_a_minute_on_all_fronts(
    guarding: Settings, database: Database, *, redis_is_away: bool
) -> None:
    """A right token is refused as well. Without Redis, each front counts for itself."""
    token = await stored_token(database, "home")
    if redis_is_away:
        guarding = guarding.model_copy(update={"redis_url": nowhere("redis")})
    async with front_http(guarding) as http, front_http(guarding) as another:
        answers = [await log_in(http, f"guess {number}") for number in range(10)]
        refused = await log_in(http, token)
        elsewhere = await log_in(another, token)

    assert {answer.status_code for answer in answers} == {401}
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert elsewhere.status_code == (303 if redis_is_away else 429)


async def test_a_revocation_ends_sessions(guarding: Settings, database: Database) -> None:
    """The sessions of other tokens go on, and those that expired are pruned."""
    ours, others = [await stored_token(database, "home") for _ in range(2)]
    async with front_http(guarding) as http, front_http(guarding) as another:
        await log_in(http, ours)
        await log_in(another, others)
        async with database.transaction() as session:
            await revoke_token(session, id_of(ours))
        revoked = await http.get("/console")
        living = await another.get("/console")
        async with database.transaction() as session:
            await session.execute(
                update(ConsoleSession).values(expires_at=func.now() - timedelta(seconds=1))
            )
        expired = await another.get("/console")
        left = await how_many(database)
        async with database.transaction() as session:
            await prune_sessions(session)

    assert (revoked.status_code, living.status_code, expired.status_code) == (303, 200, 303)
    assert (left, await how_many(database)) == (1, 0)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_the_cookie_is_for_this_host_only(
    guarding: Settings, database: Database, host: str
) -> None:
    """A script of a page cannot read it, and no other site has it sent."""
    token = await stored_token(database, "home")
    async with front_http(guarding.model_copy(update={"host": host})) as http:
        http.base_url = httpx.URL("https://localhost")
        answer = await log_in(http, token)

    (cookie,) = answer.headers.get_list("set-cookie")
    rules = {rule.strip().lower() for rule in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= rules
    if host == "127.0.0.1":
        assert re.match(r"console=[\w-]{43};", cookie)
    else:
        assert re.match(r"__Host-console=[\w-]{43};", cookie)
        assert "secure" in rules
        assert not [rule for rule in rules if rule.startswith("domain")]

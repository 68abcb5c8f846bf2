"""Nobody gets in without a valid token, and nobody does more than it allows."""

import secrets
from datetime import timedelta
from typing import Any

from fastapi import FastAPI
from sqlalchemy import func, update

from shared.access.scopes import Scope
from shared.store.access.tokens import revoke_token
from shared.store.models import Token
from shared.store.postgres.database import Database
from tests.attacks.calls import OPEN, calls
from tests.attacks.conftest import Guarded
from tests.support.access.tokens import bearer, id_of, stored_token

SPELLINGS = (
    "//api/v1/jobs",
    "/health/../api/v1/jobs",
    "/health/",
    "/docs/../api/v1/jobs",
    "/docs/assets/../../api/v1/jobs",
    "/docs/assets/../../../../../../etc/passwd",
    "/healthy",
    "/metrics/",
    "/HEALTH",
)


def guess() -> str:
    """Return a token that nobody made."""
    return f"gpai_{secrets.token_hex(6)}_{secrets.token_hex(32)}"


async def status_of(app: FastAPI, request: dict[str, Any]) -> int:
    """Return how the front answers a request whose body it must not read."""
    sent: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("the body was read")

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "http_version": "1.1", "scheme": "http", "root_path": ""}
    ends = {"server": ("front", 80), "client": ("192.0.2.1", 1)}
    path = {"raw_path": request["path"].encode(), "query_string": b"", "headers": []}
    await app({**scope, **ends, **path, **request}, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_every_call_but_health_needs_a_token(guarded: Guarded) -> None:
    """The document says which, and whoever has none, or none that is valid, learns nothing."""
    wrong: list[Any] = []
    for call in calls():
        for headers in ({}, bearer(guess()), {"Authorization": "Basic YTpi"}):
            answer = await call.send(guarded.http, headers)
            if (answer.status_code == 401) is (call.path in OPEN):
                wrong.append((call.name, headers, answer.status_code))
        if (call.scopes is None) is not (call.path in OPEN):
            wrong.append((call.name, "the document", call.scopes))

    assert wrong == []


async def test_every_call_needs_its_scope(guarded: Guarded, database: Database) -> None:
    """A token with all other scopes but `admin`, which includes all, is refused."""
    by_scope = {
        scope.value: await stored_token(
            database, "*", scopes=[s for s in Scope if s not in (scope, Scope.ADMIN)]
        )
        for scope in Scope
    }
    found = list(calls())
    needed = [(call, scope) for call in found for scope in call.scopes or ()]
    wrong = []
    for call, scope in needed:
        answer = await call.send(guarded.http, bearer(by_scope[scope]))
        if answer.status_code != 403 or answer.json()["error"] != "forbidden":
            wrong.append((call.name, scope, answer.status_code))

    assert wrong == []
    assert len(needed) >= 18
    unlimited = [call.name for call in found if call.path.startswith("/api/") and not call.scopes]
    assert unlimited == ["listSchemas", "getSchema"]


async def test_a_refusal_does_not_say_why(guarded: Guarded, database: Database) -> None:
    """Unknown, wrong, expired and revoked tokens are refused with the same words."""
    brief = await stored_token(database, "home", lifetime=timedelta(days=1))
    revoked = await stored_token(database, "home")
    async with database.transaction() as session:
        await session.execute(
            update(Token).where(Token.id == id_of(brief)).values(expires_at=func.now())
        )
        await revoke_token(session, id_of(revoked))
    wrong = guarded.home[:-2] + ("00" if guarded.home[-2:] != "00" else "11")
    refused: set[str] = set()
    for token in (guess(), wrong, brief, revoked, "", "x" * 10_000):
        answer = await guarded.http.get("/api/v1/jobs", headers=bearer(token))
        problem: dict[str, Any] = answer.json()
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        refused.add(str({**problem, "request_id": None, "trace_id": None}))

    assert len(refused) == 1


async def test_two_tokens_are_none(guarded: Guarded) -> None:
    """A proxy might check the one and this service the other."""
    twice = [("Authorization", f"Bearer {guarded.other}"), ("Authorization", "Bearer x")]

    assert (await guarded.http.get("/api/v1/jobs", headers=twice)).status_code == 401
    assert (await guarded.http.get("/api/v1/jobs", headers=twice[:1])).status_code == 200


async def test_no_spelling_of_a_path_gets_in(guarded: Guarded) -> None:
    """Only the exact paths of probes are open. Below `/docs/` there are only files.

    A server passes a path on as it is decoded; a client would tidy it up.
    """
    found = {
        path: await status_of(guarded.app, {"method": "GET", "path": path}) for path in SPELLINGS
    }

    assert found == {path: 404 if path.startswith("/docs/") else 401 for path in SPELLINGS}


async def test_nothing_of_a_body_is_read_before(guarded: Guarded) -> None:
    """An upload of a gigabyte costs nothing if its sender has no token."""
    request = {
        "method": "POST",
        "path": "/api/v1/receipts/extract",
        "headers": [(b"content-length", b"1000"), (b"content-type", b"application/json")],
    }

    assert await status_of(guarded.app, request) == 401


async def test_an_operator_of_a_tenant_is_none_of_others(
    guarded: Guarded, database: Database
) -> None:
    """The holder may delete that tenant's data, but do nothing that concerns all tenants."""
    bound = bearer(await stored_token(database, "home", "a/b", scopes=[Scope.ADMIN]))
    operates = [call for call in calls() if Scope.ADMIN in (call.scopes or ())]
    answers = {
        call.name: (
            await call.send(guarded.http, bound, ids={"queue": "items"}),
            await call.send(guarded.http, bearer(guarded.operator), ids={"queue": "items"}),
        )
        for call in operates
    }
    allowed = [
        await guarded.http.delete(f"/api/v1/tenants/{tenant_id}/data", headers=bound)
        for tenant_id in ("home", "a%2Fb")
    ]

    assert len(answers) == 6
    assert {
        name: (refused.status_code, refused.json()["error"], done.status_code)
        for name, (refused, done) in answers.items()
    } == {
        # There is no worker of the id that is made up here.
        name: (403, "forbidden", 404 if name.endswith("Worker") else 200)
        for name in answers
    }
    assert [(answer.status_code, answer.json()["tenant_id"]) for answer in allowed] == [
        (200, "home"), (200, "a/b"),
    ]  # fmt: skip

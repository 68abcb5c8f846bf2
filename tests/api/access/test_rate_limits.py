"""Requests of a token and for a tenant are limited if the operator wants that, with real Redis."""

from typing import Any

import httpx
import pytest
import structlog
from pydantic import ValidationError

from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import bearer, stored_token
from tests.support.fronts import front_http, nowhere
from tests.support.runners import ITEM

JOBS = "/api/v1/jobs"
UNKNOWN = f"{JOBS}/6d8454df-a8af-457a-a496-10271c48155b"


def body(tenant_id: str) -> dict[str, object]:
    """Return a request for a job."""
    return {
        "tenant_id": tenant_id,
        "feature": "categorization",
        "payload": ITEM,
        "metadata": {"fresh": True},
    }


def left(answer: httpx.Response) -> tuple[str | None, str | None]:
    """Return how many requests an answer says that there may be, and how many are left."""
    headers = answer.headers
    return headers.get("RateLimit-Limit"), headers.get("RateLimit-Remaining")


async def test_a_token_has_so_many_requests(settings: Settings, database: Database) -> None:
    """Another token has its own, and whoever watches the service is not counted."""
    limits = {"auth": "tokens", "rate_limit_token": "3/hour"}
    ours = bearer(await stored_token(database, "home"))
    others = bearer(await stored_token(database, "home"))
    async with front_http(settings.model_copy(update=limits)) as http:
        answers = [await http.get("/api/v1/queues", headers=ours) for _ in range(4)]
        posted = await http.post(JOBS, headers=ours, content=b"not read")
        other = await http.get("/api/v1/queues", headers=others)
        open_ = [await http.get(path) for path in ("/health", "/docs")]
        metrics = await http.get("/metrics", headers=ours)

    assert [answer.status_code for answer in answers] == [200, 200, 200, 503]
    assert [left(answer) for answer in answers] == [("3", str(n)) for n in (2, 1, 0, 0)]
    refused = answers[-1].json()
    assert (refused["error"], refused["error_class"]) == ("rate_limited", "unavailable")
    # Clients repeat a GET by themselves, so they are asked to wait no longer than for any other.
    assert answers[-1].headers["Retry-After"] == "002"
    assert posted.json()["error"] == "rate_limited"
    assert int(posted.headers["Retry-After"]) == int(posted.headers["RateLimit-Reset"]) > 2
    assert (other.status_code, left(other)) == (200, ("3", "2"))
    assert [answer.status_code for answer in (*open_, metrics)] == [200] * 3
    assert {left(answer) for answer in (*open_, metrics)} == {(None, None)}


async def test_a_tenant_has_so_many_requests(settings: Settings) -> None:
    """The tenant is counted by header, query and body alike, and in every kind of route."""
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", UNKNOWN, {"headers": {"X-Tenant-ID": "a"}}),
        ("GET", JOBS, {"params": {"tenant_id": "a"}}),
        ("POST", JOBS, {"json": body("a")}),
    ]
    limits = {"rate_limit_tenant": "3/hour"}
    async with front_http(settings.model_copy(update=limits)) as http:
        first = [await http.request(verb, path, **how) for verb, path, how in calls]
        again = [await http.request(verb, path, **how) for verb, path, how in calls]
        other = await http.post(JOBS, json=body("b"))

    assert [answer.status_code for answer in first] == [404, 200, 202]
    assert [left(answer)[1] for answer in first] == ["2", "1", "0"]
    assert [answer.json()["error"] for answer in again] == ["rate_limited"] * 3
    assert (other.status_code, left(other)) == (202, ("3", "2"))


async def test_a_batch_counts_once_for_each_of_its_tenants(settings: Settings) -> None:
    """The entries of a tenant over its limit are refused, and those of others are not."""
    limits = {"rate_limit_tenant": "1/hour"}
    async with front_http(settings.model_copy(update=limits)) as http:
        first = await http.post(f"{JOBS}/batch", json={"jobs": [body("a"), body("a")]})
        mixed = await http.post(f"{JOBS}/batch", json={"jobs": [body("a"), body("b")]})

    assert [entry["error"] for entry in first.json()["results"]] == [None, None]
    refused, taken = mixed.json()["results"]
    assert (refused["error"]["code"], taken["error"]) == ("rate_limited", None)
    assert refused["error"]["retry_after"] > 2


async def test_headers_are_those_of_the_limit_that_leaves_less(
    settings: Settings, database: Database
) -> None:
    """Both limits hold at once, whichever is met first."""
    limits = {"auth": "tokens", "rate_limit_token": "9/hour", "rate_limit_tenant": "2/hour"}
    ours = bearer(await stored_token(database, "*", scopes=[Scope.JOBS_READ]))
    async with front_http(settings.model_copy(update=limits)) as http:
        named = await http.get(JOBS, headers={**ours, "X-Tenant-ID": "a"})
        unnamed = await http.get("/api/v1/queues", headers=ours)

    assert (left(named), left(unnamed)) == (("2", "1"), ("9", "7"))


async def test_without_redis_every_request_passes(settings: Settings) -> None:
    """Limits save capacity. What protects the queues does not need Redis."""
    limits = {"rate_limit_tenant": "1/hour", "redis_url": nowhere("redis")}
    with structlog.testing.capture_logs() as logs:
        async with front_http(settings.model_copy(update=limits)) as http:
            answers = [await http.get(JOBS, headers={"X-Tenant-ID": "a"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert {left(answer) for answer in answers} == {(None, None)}
    assert [line["event"] for line in logs].count("rate_limits.off") == 1


@pytest.mark.parametrize("rate", ["600", "0/minute", "600/fortnight", "1/second; 5/minute", "x"])
def test_a_rate_that_is_none_is_refused(settings: Settings, rate: str) -> None:
    """The error names the setting and shows how a rate is written."""
    with pytest.raises(ValidationError, match="600/minute"):
        Settings.model_validate({**settings.model_dump(), "rate_limit_token": rate})

"""Readiness of a front whose Postgres answers but takes no writes."""

from typing import Any

import httpx
import pytest

from shared.errors import DatabaseReadOnly, DatabaseUnavailable
from shared.settings import Settings
from tests.support.postgres.faults import ask, failing_in_turn, read_only
from tests.support.runners import ITEM

BODY = {"tenant_id": "t", "feature": "categorization", "payload": ITEM}
READ_ONLY = {"status": "error", "error": DatabaseReadOnly.detail, "read_only": True}


async def test_a_server_that_takes_no_writes_says_so_itself(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """The front finds out before anybody tries, and leaves that server when another has taken
    over."""
    async with read_only(settings.database_url.get_secret_value()):
        during = await _readiness(http)
        refused = await http.post("/api/v1/jobs", json=BODY)
        still = await _readiness(http)
    after = await _readiness(http)
    accepted = await http.post("/api/v1/jobs", json=BODY)

    assert during == still == (503, READ_ONLY)
    assert (refused.status_code, refused.json()["error"]) == (503, "database_read_only")
    assert after == (200, {"status": "ok"})
    assert accepted.status_code == 202


@pytest.mark.parametrize(
    ("code", "error", "check"),
    [
        ("53100", "database_read_only", READ_ONLY),
        ("58030", "database_unavailable", {"status": "error", "error": DatabaseUnavailable.detail}),
    ],
)
async def test_after_a_write_that_failed_a_front_is_ready_once_one_succeeds(
    http: httpx.AsyncClient, settings: Settings, code: str, error: str, check: dict[str, str]
) -> None:
    """The disk is full or broken, of which Postgres says nothing while nobody writes."""
    url = settings.database_url.get_secret_value()
    async with failing_in_turn(url, [code], event="INSERT"):
        before = await _readiness(http)
        refused = await http.post("/api/v1/jobs", json=BODY)
        during = await _readiness(http)
    after = await _readiness(http)
    accepted = await http.post("/api/v1/jobs", json=BODY)

    assert before == after == (200, {"status": "ok"})
    assert (refused.status_code, refused.json()["error"]) == (503, error)
    assert during == (503, check)
    assert accepted.status_code == 202
    # What the front tried is not there.
    assert await ask(url, "SELECT count(*) FROM jobs") == 1


async def _readiness(http: httpx.AsyncClient) -> tuple[int, dict[str, Any]]:
    """Return the status, and the check of the database."""
    answer = await http.get("/health/ready")
    return answer.status_code, answer.json()["checks"]["database"]

"""Priority above 0 is for callers with the scope `jobs:priority`; for others it becomes 0."""

import pytest

from shared.access.scopes import Scope
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.access.tokens import USUAL, bearer, stored_token
from tests.support.fronts import front_http
from tests.support.runners import ITEM, dairy, worker_with

LOWERED = "X-Priority-Lowered"
URGENT = {
    "tenant_id": "t", "feature": "categorization", "priority": 9, "payload": ITEM,
    "metadata": {"fresh": True},
}  # fmt: skip


@pytest.mark.parametrize(
    ("scopes", "lowered"), [((), "true"), ((Scope.JOBS_PRIORITY,), None)], ids=["without", "with"]
)
async def test_every_call_that_submits_says_so(
    settings: Settings, database: Database, scopes: tuple[Scope, ...], lowered: str | None
) -> None:
    """One header holds for a single job, for the entries of a batch and for a waiting call."""
    guarded = settings.model_copy(update={"auth": "tokens"})
    headers = bearer(await stored_token(database, "t", scopes=[*USUAL, *scopes]))
    async with worker_with(settings, dairy), front_http(guarded) as http:
        http.headers.update(headers)
        single = await http.post("/api/v1/jobs", json=URGENT)
        several = await http.post("/api/v1/jobs/batch", json={"jobs": [URGENT]})
        waiting = await http.post("/api/v1/categorize", json=URGENT)
        plain = await http.post("/api/v1/jobs", json={**URGENT, "priority": 0})
        listed = (await http.get("/api/v1/jobs", params={"tenant_id": "t"})).json()["jobs"]

    assert [answer.status_code for answer in (single, several, waiting, plain)] == [
        202, 200, 200, 202,
    ]  # fmt: skip
    assert [answer.headers.get(LOWERED) for answer in (single, several, waiting)] == [lowered] * 3
    assert LOWERED not in plain.headers
    assert [job["priority"] for job in listed] == ([0] * 4 if lowered else [0, 9, 9, 9])


async def test_a_key_finds_its_job_whatever_the_priority(
    settings: Settings, database: Database
) -> None:
    """Whoever repeats a request with another token gets the job of the first."""
    guarded = settings.model_copy(update={"auth": "tokens"})
    operator = bearer(await stored_token(database, "t", scopes=[Scope.ADMIN]))
    writer = bearer(await stored_token(database, "t"))
    async with front_http(guarded) as http:
        http.headers["Idempotency-Key"] = "k"
        first = await http.post("/api/v1/jobs", json=URGENT, headers=operator)
        again = await http.post("/api/v1/jobs", json=URGENT, headers=writer)

    assert (again.status_code, again.headers["Idempotency-Replayed"]) == (202, "true")
    assert (again.json()["id"], again.json()["priority"]) == (first.json()["id"], 9)

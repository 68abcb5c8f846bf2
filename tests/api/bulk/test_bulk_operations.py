"""Bulk operations over HTTP: what they are about, how far they come, and who may see them."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select, text, update

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.settings import Settings
from shared.store.models import BulkOperation, Job
from shared.store.postgres.database import Database
from tests.support.fronts import front_http
from tests.support.job_rows import insert_job, new_job

TIMEOUT = {"code": "timeout", "error_class": "timeout", "detail": "Slow.", "retryable": True}


async def failed_jobs(database: Database, count: int, **different: Any) -> None:
    """Store jobs that failed an hour ago."""
    async with database.transaction() as session:
        jobs = [await insert_job(session, new_job(**different)) for _ in range(count)]
        await session.execute(
            update(Job)
            .where(Job.id.in_([job.id for job in jobs]))
            .values(state="failed", error=TIMEOUT, finished_at=func.now())
        )


async def states(database: Database) -> dict[str, int]:
    """Return how many jobs are in each state."""
    query = select(Job.state, func.count()).group_by(Job.state)
    async with database.transaction() as session:
        return {row[0]: row[1] for row in await session.execute(query)}


async def ended(http: httpx.AsyncClient, place: str, **query: Any) -> dict[str, Any]:
    """Return an operation of the tenant `t`, or that the query says, once it has ended."""
    params = query or {"tenant_id": "t"}
    for _ in range(200):
        found: dict[str, Any] = (await http.get(place, params=params)).json()
        if found["state"] != "running":
            return found
        await asyncio.sleep(0.02)
    raise AssertionError(found)


async def begin(http: httpx.AsyncClient, action: str, **body: Any) -> httpx.Response:
    """Ask for a bulk operation of the tenant `t`."""
    return await http.post(f"/api/v1/jobs/{action}", json={"tenant_id": "t", **body})


async def test_a_dry_run_changes_nothing(http: httpx.AsyncClient, database: Database) -> None:
    await failed_jobs(database, 3)
    await failed_jobs(database, 2, tenant_id="other")
    answer = await begin(http, "retry", where={"code": "timeout"}, dry_run=True)

    assert answer.status_code == 200
    assert (answer.json()["matched"], answer.json()["at_least"]) == (3, False)
    assert len(answer.json()["sample"]) == 3
    assert await states(database) == {"failed": 5}


async def test_all_that_match_are_retried_and_published(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Those of another tenant are not, and neither are those that match no condition."""
    await failed_jobs(database, 230)
    await failed_jobs(database, 2, tenant_id="other")
    begun = await begin(http, "retry", where={"code": "timeout"})
    found = await ended(http, begun.headers["location"])

    assert begun.status_code == 202
    assert (found["state"], found["matched"], found["done"]) == ("finished", 230, 230)
    assert await states(database) == {"failed": 2, "queued": 230}
    async with database.transaction() as session:
        unpublished = select(func.count()).where(Job.published_at.is_(None), Job.state == "queued")
        assert await session.scalar(unpublished) == 0
        assert (await session.scalars(select(func.max(Job.dispatch)))).one() == 2


async def test_all_that_match_are_cancelled(http: httpx.AsyncClient, database: Database) -> None:
    async with database.transaction() as session:
        for _ in range(3):
            await insert_job(session, new_job())
    begun = await begin(http, "cancel", where={"feature": "categorization"})
    found = await ended(http, begun.headers["location"])

    assert (found["done"], found["skipped"]) == (3, 0)
    assert await states(database) == {"cancelled": 3}


async def test_what_cannot_be_retried_is_skipped_and_counted(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Two jobs stand for the same work, of which only one may be live; a receipt has no image."""
    await failed_jobs(database, 1, content_key="same")
    await failed_jobs(database, 1, content_key="same")
    await failed_jobs(database, 1, feature=Feature.RECEIPT_EXTRACTION)
    await failed_jobs(database, 4)
    begun = await begin(http, "retry", all=True)
    found = await ended(http, begun.headers["location"])

    assert found["refusals"] == {"job_not_retryable": 1, "image_deleted": 1}
    assert (found["done"], found["skipped"]) == (5, 2)


async def test_a_full_queue_makes_it_wait(settings: Settings, database: Database) -> None:
    """The operation goes on when there is room, and never queues more jobs than the limit."""
    few = settings.model_copy(update={"items_queue_limit": 4, "tenant_queue_share": 1})
    await failed_jobs(database, 6)
    async with front_http(few) as http:
        begun = await begin(http, "retry", all=True)
        place = begun.headers["location"]

        async def waits() -> bool:
            found = (await http.get(place, headers={"X-Tenant-ID": "t"})).json()
            return bool(found["waits_for"])

        for _ in range(200):
            if await waits():
                break
            await asyncio.sleep(0.02)
        found = (await http.get(place, headers={"X-Tenant-ID": "t"})).json()
        assert (found["waits_for"], found["done"]) == ("queue_full", 4)
        assert (await states(database))["queued"] == 4
        async with database.transaction() as session:
            await session.execute(text("DELETE FROM jobs WHERE state = 'queued'"))
        assert (await ended(http, place))["done"] == 6


async def test_two_fronts_do_every_job_once(settings: Settings, database: Database) -> None:
    """One of them ends in the middle, and the other goes on."""
    await failed_jobs(database, 420)
    async with front_http(settings) as survivor:
        async with front_http(settings) as dying:
            begun = await begin(dying, "retry", all=True)
        found = await ended(survivor, begun.headers["location"])

    assert (found["done"], found["skipped"]) == (420, 0)
    async with database.transaction() as session:
        dispatches = await session.scalars(select(Job.dispatch).distinct())
        assert list(dispatches) == [2]


async def test_a_stopped_operation_does_no_more(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The row is locked meanwhile, as by a front that is at work."""
    await failed_jobs(database, 2)
    async with database.transaction() as session:
        session.add(
            BulkOperation(
                action="retry",
                conditions={},
                tenants=["t"],
                actor="a",
                matched=2,
                due_at=func.now() + text("interval '1 hour'"),
            )
        )
    (listed,) = (await http.get("/api/v1/bulk-operations", headers={"X-Tenant-ID": "t"})).json()[
        "operations"
    ]
    path = f"/api/v1/bulk-operations/{listed['id']}"
    stopped = await http.post(f"{path}/stop", headers={"X-Tenant-ID": "t"})

    assert stopped.json()["state"] == "stopped"
    assert await states(database) == {"failed": 2}


@pytest.mark.parametrize("path", ["", "/stop"])
async def test_another_tenants_operation_does_not_exist(
    http: httpx.AsyncClient, database: Database, path: str
) -> None:
    await failed_jobs(database, 1)
    begun = await begin(http, "retry", all=True)
    place = begun.headers["location"] + path
    method = "POST" if path else "GET"
    others = await http.request(method, place, headers={"X-Tenant-ID": "other"})
    nobodys = await http.request(
        method, f"/api/v1/bulk-operations/{uuid4()}{path}", headers={"X-Tenant-ID": "other"}
    )

    assert (others.status_code, others.json()["error"]) == (404, "bulk_operation_not_found")
    assert others.json()["detail"] == nobodys.json()["detail"]


@pytest.mark.parametrize(
    ("action", "body"),
    [
        ("retry", {}),
        ("retry", {"where": {}}),
        ("retry", {"where": {"status": "succeeded"}}),
        ("cancel", {"where": {"status": "failed"}}),
        ("retry", {"where": {"fingerprint": "no"}}),
        ("retry", {"where": {"text": "\0"}}),
    ],
)
async def test_what_can_mean_no_job_is_refused(
    http: httpx.AsyncClient, action: str, body: dict[str, Any]
) -> None:
    answer = await begin(http, action, **body)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {"all": True, "dryrun": True},
        {"all": True, "preview_only": True},
        {"where": {"status": "failed", "kind": "aaaaaaaaaaaa"}},
    ],
)
async def test_an_unknown_condition_is_refused(
    http: httpx.AsyncClient, database: Database, body: dict[str, Any]
) -> None:
    """Without it the operation would reach further than its caller means."""
    await failed_jobs(database, 1)
    answer = await begin(http, "retry", **body)

    assert (answer.status_code, answer.json()["error"]) == (422, "unknown_field")
    assert await states(database) == {"failed": 1}


async def test_one_that_always_fails_keeps_no_other_waiting(
    http: httpx.AsyncClient, database: Database
) -> None:
    """A newer front has stored a condition that this one does not know."""
    await failed_jobs(database, 1)
    newer = {"action": "retry", "tenants": ["t"], "actor": "a", "matched": 1}
    async with database.transaction() as session:
        due_at = func.now() - text("interval '1 minute'")
        session.add(BulkOperation(conditions={"new": 1}, due_at=due_at, **newer))
    begun = await begin(http, "retry", where={"code": "timeout"})
    found = await ended(http, begun.headers["location"])
    async with database.transaction() as session:
        waiting = (
            await session.scalars(select(BulkOperation).where(BulkOperation.state == "running"))
        ).one()

    assert found["done"] == 1
    assert (waiting.waits_for, waiting.done) == ("internal_error", 0)


async def test_a_job_that_fails_again_is_left_alone(app: FastAPI, database: Database) -> None:
    """The job has failed after the operation began."""
    assert app
    await failed_jobs(database, 1)
    async with database.transaction() as session:
        session.add(
            BulkOperation(
                action="retry",
                conditions={},
                tenants=["t"],
                actor="a",
                matched=1,
                created_at=func.now() - text("interval '1 minute'"),
            )
        )
        await session.flush()

    async def finished() -> bool:
        query = select(BulkOperation.state)
        async with database.transaction() as session:
            return await session.scalar(query) == "finished"

    for _ in range(300):
        if await finished():
            break
        await asyncio.sleep(0.02)
    assert await finished()
    assert await states(database) == {JobStatus.FAILED: 1}

"""The page of a job shows all that is known of it, and does what an operator asks."""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select, update

from shared.client import AsyncServiceClient
from shared.store.models import AuditEntry, Job, JobAttempt
from shared.store.postgres.database import Database
from tests.support.job_rows import insert_job, new_job

PAYLOAD = {"item_name": "Oat <milk>", "candidate_labels": ["Dairy", "Other"]}
ERROR = {"code": "bug", "error_class": "bug", "detail": "It broke.", "retryable": True}
NOW = datetime.now(UTC)


async def a_job(database: Database, **changed: Any) -> UUID:
    """Insert a categorisation job with changed columns."""
    async with database.transaction() as session:
        job = await insert_job(session, new_job(payload=json.dumps(PAYLOAD), request_id="r-1"))
        if changed:
            await session.execute(update(Job).where(Job.id == job.id).values(**changed))
        return job.id


async def failed_job(database: Database) -> UUID:
    """Insert a job whose first attempt was lost with its worker, and whose second failed."""
    job_id = await a_job(
        database, state="failed", attempt=2, error=ERROR, finished_at=NOW, created_at=at(60)
    )
    lost = {**ERROR, "code": "worker_crashed", "error_class": "crashed", "detail": "It died."}
    stages = [{"name": "classify", "start_ms": 0, "duration_ms": 400}]
    async with database.transaction() as session:
        for number, outcome, error, begun, ended in (
            (1, "crashed", lost, at(50), at(40)),
            (2, "failed", ERROR, at(10), NOW),
        ):
            session.add(
                JobAttempt(
                    job_id=job_id,
                    number=number,
                    outcome=outcome,
                    worker_id=f"worker-{number}",
                    error=error,
                    stages=stages if number == 2 else [],
                    started_at=begun,
                    finished_at=ended,
                )
            )
    return job_id


def at(seconds: float) -> datetime:
    """Return the moment so many seconds ago."""
    return NOW - timedelta(seconds=seconds)


async def send(http: httpx.AsyncClient, job_id: UUID, action: str, **form: str) -> httpx.Response:
    """Send a form of the page of a job, as a browser does that has loaded the page."""
    page = await http.get(f"/console/jobs/{job_id}")
    csrf = re.search(r'name="csrf" value="([^"]+)"', page.text)
    assert csrf is not None
    return await http.post(f"/console/jobs/{job_id}/{action}", data={"csrf": csrf[1], **form})


async def actions(database: Database) -> list[tuple[str, str, str | None]]:
    """Return what the audit has: actions, subjects and tenants."""
    async with database.transaction() as session:
        rows = await session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(row.action, row.subject, row.tenant_id) for row in rows]


async def test_a_waiting_job_shows_its_input_and_its_place(
    http: httpx.AsyncClient, database: Database
) -> None:
    await a_job(database, band=0, turn=1)
    job_id = await a_job(database, band=0, turn=2)

    page = await http.get(f"/console/jobs/{job_id}")

    assert page.status_code == 200
    assert "Oat &lt;milk&gt;" in page.text
    assert "1 before it" in page.text
    assert f'data-live="/console/jobs/{job_id}/live"' in page.text
    assert f'action="/console/jobs/{job_id}/cancel"' in page.text
    assert f'action="/console/jobs/{job_id}/retry"' not in page.text


async def test_the_timeline_has_every_attempt_and_what_it_waited_for(
    http: httpx.AsyncClient, database: Database
) -> None:
    job_id = await failed_job(database)

    page = (await http.get(f"/console/jobs/{job_id}")).text

    periods = re.findall(r"<tr><td>(\d)</td><td>([^<]+)</td><td>[^<]+</td><td>([^<]+)</td>", page)
    assert periods == [
        ("1", "wait in the queue", "10 s"),
        ("1", "lost", "10 s"),
        ("2", "wait in the queue", "30 s"),
        ("2", "classify", "400 ms"),
    ]
    assert all(text in page for text in ("worker-1", "worker-2", "worker_crashed", "It broke."))
    assert "data-live" not in page


async def test_no_job_is_a_page_that_says_so(http: httpx.AsyncClient) -> None:
    page = await http.get(f"/console/jobs/{uuid4()}")

    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")


async def test_an_operator_cancels_and_retries_a_job(
    http: httpx.AsyncClient, database: Database
) -> None:
    job_id = await a_job(database)

    cancelled = await send(http, job_id, "cancel")
    shown = (await http.get(f"/console/jobs/{job_id}")).text
    await send(http, job_id, "retry")
    again = (await http.get(f"/console/jobs/{job_id}")).text

    assert (cancelled.status_code, cancelled.headers["location"]) == (
        303,
        f"/console/jobs/{job_id}",
    )
    assert 'id="job-state">cancelled<' in shown
    assert 'id="job-state">queued<' in again
    assert await actions(database) == [
        ("job.cancel", str(job_id), "t"),
        ("job.retry", str(job_id), "t"),
    ]


async def test_a_job_that_has_ended_is_not_cancelled(
    http: httpx.AsyncClient, database: Database
) -> None:
    job_id = await failed_job(database)

    refused = await send(http, job_id, "cancel")

    assert refused.status_code == 409
    assert await actions(database) == []


async def test_a_form_of_another_page_changes_nothing(
    http: httpx.AsyncClient, database: Database
) -> None:
    job_id = await a_job(database)

    refused = await http.post(f"/console/jobs/{job_id}/cancel", data={"csrf": "x"})

    assert refused.status_code == 403
    assert await actions(database) == []


async def test_a_job_runs_again_with_changes_as_a_new_job(
    http: httpx.AsyncClient, database: Database
) -> None:
    old = await failed_job(database)

    sent = await send(http, old, "again", item_name="Oats", labels="Pantry\n\n Other ")
    new = sent.headers["location"]
    page, old_page = (await http.get(new)).text, (await http.get(f"/console/jobs/{old}")).text

    assert sent.status_code == 303
    assert f'<a href="/console/jobs/{old}">' in page
    assert f'<a href="{new}">' in old_page
    async with database.transaction() as session:
        job = await session.get_one(Job, UUID(new.rpartition("/")[2]))
    assert job.payload == {"item_name": "Oats", "candidate_labels": ["Pantry", "Other"]}
    assert await actions(database) == [("job.run_again", str(old), "t")]


async def test_what_cannot_be_submitted_is_refused_with_its_place(
    http: httpx.AsyncClient, database: Database
) -> None:
    job_id = await failed_job(database)

    refused = await send(http, job_id, "again", item_name="Oats", labels="")

    assert refused.status_code == 422
    assert "candidate_labels" in refused.text


@pytest.mark.parametrize("hint", ["EUR", "no currency"])
async def test_a_receipt_runs_again_with_its_image(
    http: httpx.AsyncClient, client: AsyncServiceClient, receipt_png: bytes, hint: str
) -> None:
    old = (await client.submit_receipt(receipt_png)).id

    sent = await send(http, old, "again", default_currency=hint)

    assert sent.status_code == (303 if hint == "EUR" else 422)
    if hint == "EUR":
        image = await http.get(f"{sent.headers['location']}/image")
        assert image.headers["content-type"] == "image/png"

"""Who may see the page of a job, who may change it, and what the audit keeps of a look."""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
from sqlalchemy import select

from shared.access.scopes import ALL_TENANTS, Scope
from shared.settings import Settings
from shared.store.models import AuditEntry
from shared.store.postgres.database import Database
from tests.support.access.tokens import id_of, stored_token
from tests.support.fronts import front_http
from tests.support.job_rows import insert_job, new_job

SECRET = "Oat milk"


@asynccontextmanager
async def logged_in(settings: Settings, token: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run a front that needs tokens, and log in to its console; yields the client."""
    async with front_http(settings.model_copy(update={"auth": "tokens"})) as http:
        form = {"csrf": csrf_of(await http.get("/console/login")), "token": token}
        answer = await http.post("/console/login", data=form)
        assert answer.status_code == 303, answer.text
        yield http


def csrf_of(page: httpx.Response) -> str:
    """Return what the forms of a page send along."""
    found = re.search(r'X-CSRF-Token": "([^"]+)"', page.text)
    assert found is not None, page.text
    return found[1]


async def queued_job(database: Database) -> UUID:
    """Insert a job of the tenant `t`."""
    payload = json.dumps({"item_name": SECRET, "candidate_labels": ["Dairy"]})
    async with database.transaction() as session:
        return (await insert_job(session, new_job(payload=payload))).id


async def looks(database: Database) -> list[tuple[str, str, str, str | None]]:
    """Return the entries of the audit that are about jobs."""
    async with database.transaction() as session:
        rows = await session.scalars(select(AuditEntry).where(AuditEntry.action.like("%.view")))
        return [(row.action, row.actor, row.subject, row.tenant_id) for row in rows]


async def test_a_reader_sees_a_job_of_its_tenant_and_changes_nothing(
    settings: Settings, database: Database
) -> None:
    job_id = await queued_job(database)
    token = await stored_token(database, "t", scopes=[Scope.JOBS_READ])

    async with logged_in(settings, token) as http:
        page = await http.get(f"/console/jobs/{job_id}")
        refused = [
            await http.post(f"/console/jobs/{job_id}/{action}", data={"csrf": csrf_of(page)})
            for action in ("cancel", "retry", "again")
        ]

    assert SECRET in page.text
    assert f"/console/jobs/{job_id}/cancel" not in page.text
    assert [answer.status_code for answer in refused] == [403, 403, 403]
    assert await looks(database) == []


async def test_a_job_of_another_tenant_does_not_exist(
    settings: Settings, database: Database
) -> None:
    job_id = await queued_job(database)
    token = await stored_token(database, "u", scopes=[Scope.ADMIN])

    async with logged_in(settings, token) as http:
        own = csrf_of(await http.get("/console"))
        seen = [await http.get(f"/console/jobs/{job_id}{part}") for part in ("", "/live", "/image")]
        changed = [
            await http.post(f"/console/jobs/{job_id}/{action}", data={"csrf": own})
            for action in ("cancel", "retry", "again", f"callbacks/{job_id}/redeliver")
        ]

    assert [answer.status_code for answer in seen + changed] == [404] * 7
    assert all(SECRET not in answer.text for answer in seen + changed)


async def test_the_audit_keeps_who_looked_across_tenants(
    settings: Settings, database: Database
) -> None:
    job_id = await queued_job(database)
    token = await stored_token(database, ALL_TENANTS, scopes=[Scope.ADMIN])

    async with logged_in(settings, token) as http:
        await http.get(f"/console/jobs/{job_id}")

    assert await looks(database) == [("input.view", id_of(token), str(job_id), "t")]

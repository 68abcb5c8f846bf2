"""Failures are shown in groups, and all of a group are replayed after a preview."""

import re

import httpx

from shared.store.postgres.database import Database
from tests.api.bulk.test_bulk_operations import ended, failed_jobs, states

CSRF = re.compile(r'name="csrf" value="([^"]+)"')


async def test_a_group_is_replayed_after_a_preview(
    http: httpx.AsyncClient, database: Database
) -> None:
    await failed_jobs(database, 3)
    page = await http.get("/console/failures")
    sent = {"action": "retry", "all": "1", "csrf": CSRF.findall(page.text)[0]}
    sent["fingerprint"] = re.findall(r'name="fingerprint" value="(\w+)"', page.text)[0]
    preview = await http.post("/console/bulk", data=sent)
    assert "Retry 3 jobs?" in preview.text
    assert await states(database) == {"failed": 3}
    begun = await http.post("/console/bulk", data={**sent, "confirmed": "true"})
    place = begun.headers["location"]
    path = place.replace("/console/bulk", "/api/v1/bulk-operations")
    found = await ended(http, path, all_tenants=True)
    progress = await http.get(place)
    latest = await http.get("/console/bulk")

    assert (begun.status_code, found["done"]) == (303, 3)
    assert '<span class="state finished">finished</span>' in progress.text
    assert place in latest.text


async def test_a_form_of_another_page_begins_nothing(
    http: httpx.AsyncClient, database: Database
) -> None:
    await failed_jobs(database, 1)
    await http.get("/console/failures")
    sent = {"action": "retry", "all": "1", "confirmed": "true", "csrf": "made up"}
    answer = await http.post("/console/bulk", data=sent)

    assert answer.status_code == 403
    assert await states(database) == {"failed": 1}


async def test_nothing_chosen_means_nothing(http: httpx.AsyncClient, database: Database) -> None:
    """A filter of the list without a selection does not mean all that match it."""
    await failed_jobs(database, 1)
    csrf = CSRF.findall((await http.get("/console/failures")).text)[0]
    sent = {"action": "retry", "csrf": csrf, "code": "timeout"}
    answer = await http.post("/console/bulk", data=sent)

    assert answer.status_code == 422
    assert "Select jobs first" in answer.text

"""The page Workers: what each does, and the switch that drains it."""

import re
from urllib.parse import quote

import httpx

from shared.client import AsyncServiceClient
from shared.settings import Settings
from tests.support.runners import ITEM, Gate, worker_with


async def test_a_worker_is_shown_with_its_job_and_drained(
    http: httpx.AsyncClient, client: AsyncServiceClient, settings: Settings
) -> None:
    gate = Gate()
    async with worker_with(settings, gate) as worker:
        job = await client.submit("categorization", ITEM)
        await gate.begun.wait()
        page = await http.get("/console/workers")
        http.cookies.update(page.cookies)
        found = re.search(r'"X-CSRF-Token": "([^"]+)"', page.text)
        assert found
        path = f"/console/workers/{quote(worker.id, safe='')}"
        headers = {"X-CSRF-Token": found.group(1)}
        drained = await http.post(f"{path}/drain", headers=headers)
        resumed = await http.post(f"{path}/resume", headers=headers)
        gate.opened.set()
        await client.await_job(job.id)

    assert f'href="/console/jobs/{job.id}"' in page.text
    assert '<span class="state alive good">alive</span>' in page.text
    assert f"{path}/drain" in page.text
    assert '<span class="state draining ">draining</span>' in drained.text
    assert f"{path}/resume" in drained.text
    assert 'class="state draining' not in resumed.text


async def test_without_workers_it_says_how_to_start_one(http: httpx.AsyncClient) -> None:
    assert "No worker was seen within a day." in (await http.get("/console/workers")).text

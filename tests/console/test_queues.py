"""The page Queues: an operator of all tenants pauses a queue there, and nobody else."""

import re

import httpx

from shared.client import AsyncServiceClient
from shared.contracts.features import Queue


async def test_an_operator_pauses_and_resumes_a_queue(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    page = await http.get("/console/queues")
    headers = {"X-CSRF-Token": _csrf(page.text), "HX-Request": "true"}
    http.cookies.update(page.cookies)
    paused = await http.post("/console/queues/items/pause", headers=headers)
    during = {view.queue: view.paused for view in (await client.queues()).queues}
    resumed = await http.post("/console/queues/items/resume", headers=headers)
    after = {view.queue: view.paused for view in (await client.queues()).queues}

    assert "by anybody" in paused.text
    assert "/console/queues/items/resume" in paused.text
    assert during[Queue.ITEMS] is not None
    assert "/console/queues/items/pause" in resumed.text
    assert after[Queue.ITEMS] is None


async def test_a_request_that_no_page_of_ours_sent_is_refused(
    http: httpx.AsyncClient, client: AsyncServiceClient
) -> None:
    http.cookies.update((await http.get("/console/queues")).cookies)
    answer = await http.post("/console/queues/items/pause")

    assert answer.status_code == 403
    assert all(view.paused is None for view in (await client.queues()).queues)


def _csrf(page: str) -> str:
    found = re.search(r'"X-CSRF-Token": "([^"]+)"', page)
    assert found
    return found.group(1)

"""Asking for callbacks with any call that makes a job, and looking after them."""

from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.callback_rows import change_deliveries, end
from tests.support.callbacks import with_callbacks
from tests.support.fronts import front_http
from tests.support.runners import ITEM
from tests.support.telemetry.metric_samples import samples
from tests.support.waiting import wait_until

TENANT = {"X-Tenant-ID": "t"}
URL = "https://app.example.com/hook"


@pytest.fixture
async def http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of a front that takes callbacks, and whose waiting calls give up at once."""
    hosts = ("app.example.com", "*.example.org")
    async with front_http(
        with_callbacks(settings, callback_hosts=hosts, answer_timeout=0.01)
    ) as http:
        yield http


def body(callback: Any, **different: Any) -> dict[str, Any]:
    """Return a submission with a callback."""
    job = {"tenant_id": "t", "feature": "categorization", "payload": ITEM, "callback": callback}
    return {**job, **different}


async def submitted(http: httpx.AsyncClient, callback: Any, **different: Any) -> str:
    """Submit a job; return its id."""
    answer = await http.post("/api/v1/jobs", json=body(callback, **different))
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


async def callbacks_of(http: httpx.AsyncClient, job_id: str) -> list[dict[str, Any]]:
    """Return the callbacks of a job, as the front lists them."""
    answer = await http.get(f"/api/v1/jobs/{job_id}/callbacks", headers=TENANT)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["callbacks"]
    return found


async def test_a_callback_hears_of_every_ending_by_default(http: httpx.AsyncClient) -> None:
    job_id = await submitted(http, {"url": URL})

    (callback,) = await callbacks_of(http, job_id)
    assert (callback["url"], callback["include_output"], callback["deliveries"]) == (URL, False, [])
    assert callback["events"] == ["job.succeeded", "job.failed", "job.cancelled"]


async def test_a_job_without_callbacks_has_an_empty_list(http: httpx.AsyncClient) -> None:
    assert await callbacks_of(http, await submitted(http, None)) == []


@pytest.mark.parametrize(
    ("callback", "code"),
    [
        ({"url": "https://evil.com/"}, "callback_refused"),
        ({"url": "http://app.example.com/"}, "callback_refused"),
        ({"url": "https://u:p@app.example.com/"}, "callback_refused"),
        ({"url": f"https://app.example.com/{'a' * 2000}"}, "invalid_request"),
        ({"url": "https://app.example.com/\x00"}, "invalid_request"),
        ({"url": URL, "events": []}, "invalid_request"),
        ({"url": URL, "events": ["job.started"]}, "invalid_request"),
        ({"url": URL, "include_outputs": True}, "unknown_field"),
        ({}, "invalid_request"),
        (URL, "invalid_request"),
    ],
)
async def test_a_callback_that_cannot_be_sent_is_refused(
    http: httpx.AsyncClient, callback: Any, code: str
) -> None:
    """Nothing is stored: the caller would wait for a callback that never comes."""
    answer = await http.post("/api/v1/jobs", json=body(callback))
    jobs = (await http.get("/api/v1/jobs", headers=TENANT)).json()["jobs"]

    assert (answer.status_code, answer.json()["error"], jobs) == (422, code, [])
    assert "callback" in answer.json()["detail"]


async def test_callbacks_are_off_by_default(settings: Settings) -> None:
    async with front_http(settings) as http:
        answer = await http.post("/api/v1/jobs", json=body({"url": URL}))

    assert (answer.status_code, answer.json()["error"]) == (422, "callback_refused")
    assert "CALLBACK_HOSTS" in answer.json()["detail"]


async def test_a_callback_does_not_distinguish_requests(http: httpx.AsyncClient) -> None:
    """Each URL hears of the job that the requests share."""
    urls = [URL, "https://a.example.org/", URL]
    jobs = [await submitted(http, {"url": url}, request_id="same") for url in urls]

    assert len(set(jobs)) == 1
    assert [callback["url"] for callback in await callbacks_of(http, jobs[0])] == urls[:2]


async def test_a_callback_of_a_job_that_has_ended_is_queued(
    http: httpx.AsyncClient, database: Database
) -> None:
    """A caller that comes late is served as well."""
    job_id = await submitted(http, None, request_id="same")
    await end(database, UUID(job_id))
    await submitted(http, {"url": URL}, request_id="same")

    ((delivery,),) = [callback["deliveries"] for callback in await callbacks_of(http, job_id)]
    assert (delivery["event"], delivery["status"]) == ("job.succeeded", "pending")


async def test_every_call_that_makes_a_job_takes_a_callback(
    http: httpx.AsyncClient, receipt_png: bytes
) -> None:
    """Nobody works on the jobs, so the calls answer 503, and the jobs remain."""
    image = b64encode(receipt_png).decode()
    batch = {"items": [{"id": "1", "name": "Milk"}], "candidate_labels": ["Dairy"]}
    texts = {"texts": [{"id": "1", "text": "a"}]}
    common = {"tenant_id": "t", "callback": {"url": URL}}
    for path, content in (
        ("categorize", {"payload": ITEM}),
        ("categorize-batch", {"payload": batch}),
        ("extract-receipt", {"payload": {"image_base64": image}}),
        ("receipts/extract", {"image_base64": image, "options": {"candidate_labels": ["Dairy"]}}),
        ("embed", texts),
        ("embed/batch", {"texts": [{"id": "2", "text": "b"}]}),
    ):
        answer = await http.post(f"/api/v1/{path}", json={**common, **content})
        assert answer.status_code == 503, answer.text
    form = {"tenant_id": "t", "candidate_labels": "Other", "callback": f'{{"url": "{URL}"}}'}
    files = {"file": ("r.png", receipt_png, "image/png")}
    await http.post("/api/v1/receipts/extract", data=form, files=files)

    jobs = (await http.get("/api/v1/jobs", headers=TENANT)).json()["jobs"]
    assert len(jobs) == 7
    for job in jobs:
        assert [callback["url"] for callback in await callbacks_of(http, job["id"])] == [URL]


async def test_a_callback_in_a_form_must_be_json(
    http: httpx.AsyncClient, receipt_png: bytes
) -> None:
    files = {"file": ("r.png", receipt_png, "image/png")}
    form = {"tenant_id": "t", "callback": URL}
    answer = await http.post("/api/v1/receipts/extract", data=form, files=files)

    assert (answer.status_code, answer.json()["error"]) == (422, "invalid_request")


async def test_callbacks_belong_to_the_tenant(http: httpx.AsyncClient) -> None:
    """The answer does not even reveal that the job exists."""
    job_id = await submitted(http, {"url": URL})
    other = {"X-Tenant-ID": "other"}
    listing = await http.get(f"/api/v1/jobs/{job_id}/callbacks", headers=other)
    path = f"/api/v1/jobs/{job_id}/callbacks/{uuid4()}/redeliver"
    again = await http.post(path, headers=other)

    assert {answer.json()["error"] for answer in (listing, again)} == {"job_not_found"}
    assert {answer.status_code for answer in (listing, again)} == {404}


async def test_only_deliveries_of_the_job_are_redelivered(http: httpx.AsyncClient) -> None:
    """The id of a delivery is looked for among those of the job in the path."""
    cancelled = await submitted(http, {"url": URL})
    await http.post(f"/api/v1/jobs/{cancelled}/cancel", headers=TENANT)
    ((delivery,),) = [row["deliveries"] for row in await callbacks_of(http, cancelled)]
    other = await submitted(http, {"url": URL})
    answers = {
        await _redeliver(http, job_id, delivery_id)
        for job_id, delivery_id in ((other, delivery["id"]), (cancelled, str(uuid4())),
                                    (cancelled, "nonsense"))
    }  # fmt: skip

    assert answers == {(404, "delivery_not_found")}
    assert await _redeliver(http, cancelled, delivery["id"]) == (202, None)


async def test_nothing_is_redelivered_to_a_url_that_is_no_longer_allowed(
    http: httpx.AsyncClient, settings: Settings
) -> None:
    """A 202 would promise what no worker does."""
    job_id = await submitted(http, {"url": URL})
    await http.post(f"/api/v1/jobs/{job_id}/cancel", headers=TENANT)
    ((delivery,),) = [row["deliveries"] for row in await callbacks_of(http, job_id)]
    for later in (settings, with_callbacks(settings, callback_hosts=("other.example.com",))):
        async with front_http(later) as front:
            answer = await _redeliver(front, job_id, delivery["id"])
        assert answer == (422, "callback_refused")


async def _redeliver(
    http: httpx.AsyncClient, job_id: str, delivery_id: str
) -> tuple[int, str | None]:
    path = f"/api/v1/jobs/{job_id}/callbacks/{delivery_id}/redeliver"
    answer = await http.post(path, headers=TENANT)
    return answer.status_code, answer.json().get("error")


async def test_metrics_show_pending_and_dead_deliveries(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The gauges are read at a scrape, at most once a second."""
    age = "ai_callback_oldest_pending_age_seconds"

    async def shown(pending: int, dead: int) -> bool:
        found = await samples(http)
        waits = found[age] > 0
        counts = [found["ai_callbacks_pending"], found["ai_callbacks_dead"], waits]
        return counts == [pending, dead, pending > 0]

    job_id = await submitted(http, {"url": URL})
    assert await shown(0, 0)
    await http.post(f"/api/v1/jobs/{job_id}/cancel", headers=TENANT)
    await wait_until(lambda: shown(1, 0), "the pending delivery was shown")
    await change_deliveries(database, state="dead")
    await wait_until(lambda: shown(0, 1), "the dead delivery was shown")

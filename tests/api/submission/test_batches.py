"""Many jobs in one request: each entry has its own job or its own error."""

import asyncio
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from shared.settings import Settings
from shared.store.models import Job, JobCallback
from shared.store.postgres.database import Database
from tests.support.fronts import front_http, nowhere
from tests.support.runners import ITEM, LABELS, dairy, worker_with
from tests.support.waiting import wait_until

PATH = "/api/v1/jobs/batch"


def entry(number: int = 0, **different: object) -> dict[str, Any]:
    """Return the entry of an item that is different for each number."""
    payload = {**ITEM, "item_name": f"Milk {number}"}
    return {"feature": "categorization", "payload": payload, **different}


async def batch(
    http: httpx.AsyncClient, *entries: object, key: str | None = None, **different: object
) -> list[dict[str, Any]]:
    """Submit the entries for the tenant `t` and return their results."""
    headers = {} if key is None else {"Idempotency-Key": key}
    body = {"tenant_id": "t", "jobs": entries, **different}
    answer = await http.post(PATH, json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    results: list[dict[str, Any]] = answer.json()["results"]
    assert [result["index"] for result in results] == list(range(len(entries)))
    assert all((result["job"] is None) is (result["error"] is not None) for result in results)
    return results


async def count(database: Database) -> int:
    """Return how many jobs there are."""
    async with database.transaction() as session:
        return (await session.scalars(select(func.count()).select_from(Job))).one()


async def test_every_entry_is_a_job_that_runs(
    http: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    """The results are in the order of the entries, and each job is what a GET returns."""
    async with worker_with(settings, dairy):
        results = await batch(http, *map(entry, range(30)))
        await wait_until(lambda: _all_succeeded(database, 30), "all jobs succeeded", 20)

    names = [result["job"]["input_payload"]["item_name"] for result in results]
    assert names == [f"Milk {number}" for number in range(30)]
    assert not any(result["replayed"] for result in results)
    first = results[0]["job"]
    shown = (await http.get(f"/api/v1/jobs/{first['id']}", params={"tenant_id": "t"})).json()
    unchanged = ("id", "tenant_id", "request_id", "feature", "priority", "created_at", "trace_id")
    assert {name: shown[name] for name in unchanged} == {name: first[name] for name in unchanged}
    assert (first["status"], first["dispatch"], first["attempts"]) == ("queued", "published", [])


async def _all_succeeded(database: Database, number: int) -> bool:
    done = select(func.count()).where(Job.state == "succeeded")
    async with database.transaction() as session:
        return (await session.scalars(done)).one() == number


async def test_a_queued_job_of_a_batch_is_shown_as_it_is_stored(http: httpx.AsyncClient) -> None:
    """Nobody reads the rows for the answer."""
    (result,) = await batch(http, entry(request_id="r", priority=2), user_id="u")

    params = {"tenant_id": "t"}
    shown = (await http.get(f"/api/v1/jobs/{result['job']['id']}", params=params)).json()
    assert shown == result["job"]
    assert (shown["user_id"], shown["request_id"], shown["priority"]) == ("u", "r", 2)


BAD_ENTRIES = [
    (entry(payload={"item_name": "", "candidate_labels": LABELS}), "invalid_request"),
    (entry(feature="divination"), "unknown_feature"),
    ({"payload": ITEM}, "invalid_request"),
    ("not an object", "invalid_request"),
    (None, "invalid_request"),
    (entry(feature="receipt_extraction", payload={"image_base64": "aaaa"}), "invalid_request"),
    (entry(feature="extraction", payload={"image_base64": "aaaa"}), "invalid_request"),
    (entry(tenant_id="t", account_id="u"), "tenant_required"),
    (entry(priorty=3), "unknown_field"),
    (entry(callback={"url": "http://not.allowed.example/"}), "callback_refused"),
    (entry(payload={"item_name": "\x00", "candidate_labels": LABELS}), "invalid_request"),
]


async def test_a_bad_entry_refuses_none_of_the_others(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Each error names what is wrong with its entry, as a request of its own would have."""
    results = await batch(http, entry(1), *(bad for bad, _ in BAD_ENTRIES), entry(2))

    codes = [result["error"]["code"] for result in results[1:-1]]
    assert codes == [code for _, code in BAD_ENTRIES]
    assert all(result["error"]["error_class"] == "bad_input" for result in results[1:-1])
    assert results[1]["error"]["detail"].startswith("payload.item_name: ")
    assert [results[0]["error"], results[-1]["error"]] == [None, None]
    assert await count(database) == 2


async def test_a_refusal_does_not_repeat_all_that_was_sent(http: httpx.AsyncClient) -> None:
    """The answer would be as long as the request."""
    (result,) = await batch(http, entry(feature="x" * 100_000))

    assert result["error"]["code"] == "unknown_feature"
    assert len(result["error"]["detail"]) < 1000


async def test_an_entry_without_a_tenant_is_refused(http: httpx.AsyncClient) -> None:
    """The tenant of the batch is only a default, which a batch need not have."""
    results = await batch(http, entry(1), entry(2, account_id="u"), tenant_id=None)

    assert results[0]["error"]["code"] == "tenant_required"
    assert results[1]["job"]["tenant_id"] == "u"


async def test_one_key_is_one_job_in_a_batch_and_between_batches(
    http: httpx.AsyncClient, database: Database
) -> None:
    """The key of an entry comes before that of the batch, and the request id after it."""
    entries = [entry(1, idempotency_key="k"), entry(1, idempotency_key="k"), entry(2)]
    first = await batch(http, *entries, entry(3, request_id="r"))
    again = await batch(http, *entries, entry(3, request_id="r"))

    ids = [result["job"]["id"] for result in first]
    assert ids[0] == ids[1]
    assert [result["replayed"] for result in first].count(True) == 1
    assert [result["job"]["id"] for result in again[:2]] == ids[:2]
    assert (again[2]["job"]["id"] == ids[2], again[3]["job"]["id"] == ids[3]) == (False, True)
    assert [result["replayed"] for result in again] == [True, True, False, True]
    assert await count(database) == 4


async def test_a_key_of_the_batch_makes_one_for_each_entry(
    http: httpx.AsyncClient, database: Database
) -> None:
    """A batch that is sent again finds all of its jobs, also if two of them are equal."""
    entries = [entry(1), entry(1), entry(2, request_id="r")]
    first = await batch(http, *entries, key="B")
    again = await batch(http, *entries, key="B")

    assert [result["job"] for result in again] == [result["job"] for result in first]
    assert await count(database) == 3
    async with database.transaction() as session:
        keys = (await session.scalars(select(Job.idempotency_key))).all()
    assert sorted(map(str, keys)) == ["B:0", "B:1", "B:2"]


async def test_a_key_that_stands_for_other_work_refuses_its_entry_only(
    http: httpx.AsyncClient,
) -> None:
    """The entries of one batch are compared with each other, too."""
    await batch(http, entry(1, idempotency_key="k"))
    results = await batch(
        http,
        entry(2, idempotency_key="k"),
        entry(3, idempotency_key="new"),
        entry(4, idempotency_key="new"),
    )

    codes = [result["error"] and result["error"]["code"] for result in results]
    assert codes[0] == "idempotency_key_reused"
    assert sorted(map(str, codes[1:])) == ["None", "idempotency_key_reused"]


async def test_a_batch_fills_a_queue_up_to_its_limit(
    http: httpx.AsyncClient, settings: Settings, database: Database
) -> None:
    """The first entries get the room that is left. Those that exist already need none."""
    await batch(http, entry(0, idempotency_key="k"))
    small = settings.model_copy(update={"items_queue_limit": 4, "tenant_queue_share": 1.0})
    async with front_http(small) as front:
        known = entry(0, idempotency_key="k")
        results = await batch(front, known, entry(1), known, entry(2), entry(3), entry(4), known)
        later = await batch(front, entry(5), known)

    codes = [result["error"] and result["error"]["code"] for result in results]
    assert codes == [None, None, None, None, None, "queue_full", None]
    refusal = results[5]["error"]
    assert (refusal["error_class"], refusal["retryable"]) == ("unavailable", True)
    assert refusal["retry_after"] > 0
    assert [bool(result["error"]) for result in later] == [True, False]
    assert await count(database) == 4


async def test_one_key_is_one_job_in_a_full_queue_too(
    settings: Settings, database: Database
) -> None:
    """The room is for the first entry, and the second one finds its job."""
    small = settings.model_copy(update={"items_queue_limit": 1})
    known = entry(0, idempotency_key="k")
    async with front_http(small) as front:
        results = await batch(front, known, known, entry(1))

    codes = [result["error"] and result["error"]["code"] for result in results]
    assert codes == [None, None, "queue_full"]
    assert results[0]["job"]["id"] == results[1]["job"]["id"]
    assert await count(database) == 1


async def test_unknown_fields_of_entries_are_listed_once(http: httpx.AsyncClient) -> None:
    """Those that change nothing are ignored, as in a request of its own."""
    body = {"tenant_id": "t", "colour": 1, "jobs": [entry(n, shade=2) for n in range(3)]}
    answer = await http.post(PATH, json=body)

    assert answer.headers["X-Ignored-Fields"] == "colour, jobs[].shade"
    assert [result["error"] for result in answer.json()["results"]] == [None] * 3


async def test_with_strict_requests_an_unknown_field_refuses_its_entry(settings: Settings) -> None:
    """Only a batch whose own fields are unknown is refused as a whole."""
    async with front_http(settings.model_copy(update={"strict_requests": True})) as front:
        results = await batch(front, entry(1, shade=2), entry(2))
        whole = await front.post(PATH, json={"tenant_id": "t", "colour": 1, "jobs": [entry(1)]})

    assert results[0]["error"]["code"] == "unknown_field"
    assert results[1]["job"]
    assert (whole.status_code, whole.json()["error"]) == (422, "unknown_field")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tenant_id": "t", "jobs": []}, 422, "invalid_request"),
        ({"tenant_id": "t", "jobs": [entry()] * 501}, 422, "invalid_request"),
        ({"tenant_id": "t"}, 422, "invalid_request"),
        ({"tenant_id": "t", "jobs": ["x" * 6_000_000]}, 413, "request_too_large"),
    ],
    ids=["empty", "too many", "none", "too large"],
)
async def test_a_batch_that_is_none_is_refused(
    http: httpx.AsyncClient, body: object, status: int, code: str
) -> None:
    """Nothing of it is stored."""
    answer = await http.post(PATH, json=body)

    assert (answer.status_code, answer.json()["error"]) == (status, code)


async def test_callbacks_belong_to_their_entries(settings: Settings, database: Database) -> None:
    """A job that was found hears of both URLs."""
    hosts = settings.model_copy(update={"callback_hosts": ["a.example", "b.example"]})
    async with front_http(hosts) as front:
        asked = [{"url": f"https://{name}.example/"} for name in "ab"]
        await batch(front, entry(1, idempotency_key="k", callback=asked[0]), entry(2))
        await batch(front, entry(1, idempotency_key="k", callback=asked[1]), entry(2))

    async with database.transaction() as session:
        found = (await session.scalars(select(JobCallback.url))).all()
    assert sorted(found) == ["https://a.example/", "https://b.example/"]


async def test_while_redis_is_away_a_batch_is_deferred(
    settings: Settings, database: Database
) -> None:
    """The outbox publishes all of it later."""
    deaf = settings.model_copy(update={"redis_url": nowhere("redis")})
    async with front_http(deaf) as front:
        results = await batch(front, *map(entry, range(3)))
    assert [result["job"]["dispatch"] for result in results] == ["deferred"] * 3

    async with worker_with(settings, dairy):
        await wait_until(lambda: _all_succeeded(database, 3), "all jobs succeeded", 20)


async def test_without_a_database_a_batch_is_refused(settings: Settings) -> None:
    """No entry is stored, so the whole call can be repeated."""
    gone = settings.model_copy(update={"database_url": nowhere("postgresql")})
    async with front_http(gone) as front:
        answer = await front.post(PATH, json={"tenant_id": "t", "jobs": [entry()]})

    assert (answer.status_code, answer.json()["error"]) == (503, "database_unavailable")


async def test_single_submissions_beside_batches_lose_nothing(
    http: httpx.AsyncClient, database: Database
) -> None:
    """Concurrent callers share statements, and each gets its own job."""
    single = [http.post("/api/v1/jobs", json={"tenant_id": "t", **entry(n)}) for n in range(60)]
    answers, *batches = await asyncio.gather(
        asyncio.gather(*single), *(batch(http, *map(entry, range(20))) for _ in range(3))
    )

    jobs = [answer.json() for answer in answers]
    assert [job["input_payload"]["item_name"] for job in jobs] == [f"Milk {n}" for n in range(60)]
    assert len({job["id"] for job in jobs}) == 60
    assert await count(database) == 60 + sum(map(len, batches))

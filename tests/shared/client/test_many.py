"""Many jobs at once: submitted, read and awaited in as few calls as they fit into."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.openapi.examples.jobs import queued
from shared.client.calls.options import Entry
from shared.client.errors import GatewayFailed, NotDoneInTime, UnexpectedAnswer
from shared.contracts.jobs import JobStatus, JobView
from shared.errors import ErrorClass, QueueFull, Unavailable
from shared.rejections import IdempotencyKeyReused, InvalidRequest
from shared.settings import Settings
from tests.support.both_clients import Kind, open_client
from tests.support.fronts import front_server
from tests.support.runners import ITEM, dairy, worker_with
from tests.support.scripted_server import Act, Reply, Seen, html, ok, problem, scripted

ENTRY: Entry = {"feature": "categorization", "payload": ITEM}
FULL: dict[str, Any] = {
    "code": "queue_full",
    "error_class": "unavailable",
    "detail": "The queue is full.",
    "retryable": True,
    "retry_after": 0,
}


def job(job_id: UUID, status: str = "queued") -> dict[str, Any]:
    """Return a job as the service shows it."""
    shown = queued().model_copy(update={"id": job_id, "status": JobStatus(status)})
    return shown.model_dump(mode="json")


def batch(*outcomes: UUID | dict[str, Any]) -> Reply:
    """Return the answer to a batch of which each entry has a job or an error."""
    results = [
        {
            "index": index,
            "job": job(outcome) if isinstance(outcome, UUID) else None,
            "error": None if isinstance(outcome, UUID) else outcome,
            "replayed": False,
        }
        for index, outcome in enumerate(outcomes)
    ]
    return ok({"results": results})


def page(jobs: Sequence[dict[str, Any]], *missing: UUID) -> Reply:
    """Return the answer to a call for jobs by their ids."""
    return ok({"jobs": [*jobs], "next_cursor": None, "missing": [*map(str, missing)]})


def sent(seen: Seen) -> list[dict[str, Any]]:
    """Return the entries that a request submitted."""
    entries: list[dict[str, Any]] = json.loads(seen.body)["jobs"]
    return entries


async def test_jobs_are_submitted_awaited_and_read_together(settings: Settings, kind: Kind) -> None:
    """A real front refuses the bad entries by themselves. The same keys find the same jobs."""
    entries: list[Entry] = [
        {**ENTRY, "user_id": "ann"},
        {"feature": "receipt_extraction", "payload": {"image_base64": "aGk="}},
        {**ENTRY, "idempotency_key": "mine"},
        {**ENTRY, "idempotency_key": "mine", "payload": {**ITEM, "item_name": "Soap"}},
    ]
    unknown = uuid4()
    async with (
        worker_with(settings, dairy),
        front_server(settings) as url,
        open_client(kind, url, f"many-{uuid4()}") as client,
    ):
        first, receipt, mine, reused = await client.submit_many(
            entries, user_id="bob", idempotency_key="k"
        )
        again, *_ = await client.submit_many(entries, user_id="bob", idempotency_key="k")
        assert isinstance(first, JobView)
        assert isinstance(mine, JobView)
        ended = await client.wait_many([mine.id, unknown, first.id, mine.id])
        seen = await client.get_many([first.id, mine.id], wait=1)
        elsewhere = await client.get_many([first.id], tenant_id="other")

    assert isinstance(receipt, InvalidRequest)
    assert isinstance(reused, IdempotencyKeyReused)
    assert isinstance(again, JobView)
    assert again.id == first.id
    assert (first.user_id, mine.user_id) == ("ann", "bob")
    assert [found.id for found in ended.jobs] == [mine.id, first.id]
    assert {found.status for found in ended.jobs} == {JobStatus.SUCCEEDED}
    assert ended.missing == [str(unknown)]
    assert [found.id for found in seen.jobs] == [first.id, mine.id]
    assert (elsewhere.jobs, elsewhere.missing) == ([], [str(first.id)])


async def test_any_number_is_cut_into_calls(kind: Kind) -> None:
    """A call has up to 500 jobs, in less than the 6 MB that the service takes."""
    ids = [uuid4() for _ in range(503)]
    large: Entry = {**ENTRY, "payload": {"texts": ["€" * 700_000]}}
    script = [batch(*ids[:500]), batch(*ids[500:502]), batch(ids[502])]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        results = await client.submit_many([*[ENTRY] * 500, large, large, large])

    assert [found.id for found in results if isinstance(found, JobView)] == ids
    assert [len(sent(seen)) for seen in server.seen] == [500, 2, 1]
    assert max(len(seen.body) for seen in server.seen) < 6_000_000
    keys = [entry["idempotency_key"] for seen in server.seen for entry in sent(seen)]
    assert len(set(keys)) == 503


async def test_what_cannot_be_sent_stops_everything(kind: Kind) -> None:
    """Nothing is submitted before it is known that all can be."""
    async with scripted(batch(uuid4())) as server, open_client(kind, server.url) as client:
        with pytest.raises(TypeError):
            await client.submit_many([*[ENTRY] * 500, {**ENTRY, "payload": {"image": b"x"}}])
        assert await client.submit_many([]) == []
        assert (await client.get_many([])).jobs == []
        assert (await client.wait_many([])).jobs == []

    assert server.seen == []


async def test_entries_keep_their_keys(kind: Kind) -> None:
    """A repeated call finds the jobs of the first. A request id is a key by itself."""
    given: list[Entry] = [ENTRY, {**ENTRY, "request_id": "r"}, {**ENTRY, "idempotency_key": "k"}]
    script: list[Act] = ["drop", batch(*(uuid4() for _ in given))]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        await client.submit_many(given, traceparent="00-1-2-01")

    first, second = server.seen
    keys = [entry.get("idempotency_key") for entry in sent(first)]
    assert first.body == second.body
    assert first.headers["traceparent"] == "00-1-2-01"
    assert len(str(keys[0])) == 36
    assert keys[1:] == [None, "k"]


async def test_refusals_that_may_pass_are_sent_again(kind: Kind) -> None:
    """Only the entries without a job are, and the pause is the longest that was asked for."""
    a, b, c = (uuid4() for _ in range(3))
    bad = {**FULL, "code": "invalid_request", "error_class": "bad_input", "detail": "name: blank"}
    script = [batch(a, FULL, bad, {**FULL, "retry_after": 1}), batch(b, FULL), batch(c)]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        first, second, refused, third = await client.submit_many([ENTRY] * 4)

    assert [getattr(found, "id", None) for found in (first, second, third)] == [a, b, c]
    assert isinstance(refused, InvalidRequest)
    assert refused.detail == "name: blank"
    whole, two, last = ([entry["idempotency_key"] for entry in sent(seen)] for seen in server.seen)
    assert two == [whole[1], whole[3]]
    assert last == [whole[3]]
    assert server.seen[1].at - server.seen[0].at >= 1


async def test_a_failure_that_lasts_is_the_error_of_the_rest(kind: Kind) -> None:
    """The jobs that exist are not lost, and nothing is sent in vain."""
    ids = [uuid4() for _ in range(500)]
    script = [batch(*ids), html(502, **{"Retry-After": "0"})]
    async with (
        scripted(*script) as server,
        open_client(kind, server.url, retries=1) as client,
    ):
        results = await client.submit_many([ENTRY] * 1001)

    assert all(isinstance(found, JobView) for found in results[:500])
    assert all(isinstance(found, GatewayFailed) for found in results[500:])
    assert len(results) == 1001
    assert len(server.seen) == 3


async def test_a_full_queue_is_the_error_of_the_rest(kind: Kind) -> None:
    """After the retries, jobs that come later would have no room either."""
    script = [batch(*[uuid4()] * 499, {**FULL, "retry_after": 7})]
    async with scripted(*script) as server, open_client(kind, server.url, retries=0) as client:
        results = await client.submit_many([ENTRY] * 501)

    assert isinstance(results[498], JobView)
    for found in results[499:]:
        assert isinstance(found, QueueFull)
        assert found.retry_after == 7
    assert len(server.seen) == 1


async def test_a_refused_call_refuses_only_its_own_entries(kind: Kind) -> None:
    """Later calls are made nevertheless."""
    refused = problem(413, ErrorClass.BAD_INPUT, "request_too_large")
    async with (
        scripted(refused, batch(uuid4())) as server,
        open_client(kind, server.url) as client,
    ):
        results = await client.submit_many([ENTRY] * 501)

    assert [getattr(found, "code", "job") for found in (results[0], results[-1])] == [
        "request_too_large",
        "job",
    ]


@pytest.mark.parametrize(
    "results",
    [[], [{"index": 0, "job": None, "error": None, "replayed": False}]],
    ids=["none for the entry", "neither job nor error"],
)
async def test_an_answer_against_the_contract(kind: Kind, results: list[Any]) -> None:
    """Every entry has it as its error, also where the service is older than the client."""
    async with (
        scripted(ok({"results": results})) as server,
        open_client(kind, server.url) as client,
    ):
        (found,) = await client.submit_many([ENTRY])

    assert isinstance(found, UnexpectedAnswer)


async def test_jobs_are_read_a_hundred_at_a_time(kind: Kind) -> None:
    """The calls share the time. Each job is read once, and in the order of the ids."""
    ids = [uuid4() for _ in range(150)]
    script = [
        page([job(id_) for id_ in ids[:100]]),
        problem(500, ErrorClass.TRANSIENT, "database_unavailable", retry_after=0),
        page([job(id_) for id_ in ids[100:149]], ids[149]),
    ]
    async with scripted(*script) as server, open_client(kind, server.url) as client:
        found = await client.get_many([*ids, ids[0]], wait=20)

    assert [read.id for read in found.jobs] == ids[:149]
    assert found.missing == [str(ids[149])]
    asked = [seen.query["ids"][0].split(",") for seen in server.seen]
    assert [len(part) for part in asked] == [100, 50, 50]
    waits = [float(seen.query["wait"][0]) for seen in server.seen]
    assert 19 < waits[1] <= waits[0] <= 20


async def test_a_service_that_does_not_know_ids_is_recognised(kind: Kind) -> None:
    """An older service would return a page of its list."""
    async with scripted(page([job(uuid4())])) as server, open_client(kind, server.url) as client:
        with pytest.raises(UnexpectedAnswer, match="too old"):
            await client.get_many([uuid4()])


async def test_only_what_has_not_ended_is_looked_at_again(kind: Kind) -> None:
    """Failures are waited out, and the result has all jobs."""
    a, b, gone = (uuid4() for _ in range(3))
    script: list[Act] = [
        page([job(a, "failed"), job(b, "running")], gone),
        "drop",
        page([job(b, "succeeded")]),
    ]
    async with scripted(*script) as server, open_client(kind, server.url, retries=0) as client:
        found = await client.wait_many([a, gone, b], tenant_id="other")

    assert [(read.id, read.status) for read in found.jobs] == [(a, "failed"), (b, "succeeded")]
    assert found.missing == [str(gone)]
    assert [len(seen.query["ids"][0].split(",")) for seen in server.seen] == [3, 1, 1]
    assert [float(seen.query.get("wait", ["0"])[0]) for seen in server.seen] == [25, 25, 0]
    assert {seen.query["tenant_id"][0] for seen in server.seen} == {"other"}


async def test_jobs_that_take_too_long(kind: Kind) -> None:
    """Jobs that come after the time have a last look, so ended ones cost no wait."""
    ids = [uuid4() for _ in range(101)]
    late = [page([job(id_, "succeeded") for id_ in ids[:100]]), page([job(ids[100], "running")])]
    async with scripted(*late) as server, open_client(kind, server.url) as client:
        with pytest.raises(NotDoneInTime, match=r"not ended within 0 s, and continues") as caught:
            await client.wait_many(ids, within=0)

    assert isinstance(caught.value, Unavailable)
    assert len(server.seen) == 2
    assert not any("wait" in seen.query for seen in server.seen)

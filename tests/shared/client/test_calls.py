"""Every call of the interface, from both clients to the running system."""

import inspect
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, assert_type, get_origin
from uuid import UUID, uuid4

import pytest

from shared.client import AsyncServiceClient, ServiceClient
from shared.client.calls import (
    deliveries,
    existing_jobs,
    items,
    operations,
    probes,
    receipts,
    submissions,
)
from shared.client.calls.options import Callback
from shared.client.errors import UnexpectedAnswer
from shared.client.http import Call
from shared.contracts.categories import Category
from shared.contracts.embeddings import EmbedAnswer
from shared.contracts.features import Queue
from shared.contracts.jobs import Answer, JobStatus, JobView
from shared.contracts.receipts.rich import RichReceipt
from shared.errors import BadInput, ErrorClass
from shared.rejections import ImageNotFound, InvalidRequest
from shared.version import SERVICE, service_version
from tests.support.both_clients import Kind, open_client
from tests.support.processes.running_system import System
from tests.support.runners import ITEM, LABELS
from tests.support.scripted_server import html, problem, scripted

# The functions of the interface are those that build a Call.
FUNCTIONS = {
    name: function
    for module in (deliveries, existing_jobs, items, operations, probes, receipts, submissions)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__
    and not name.startswith("_")
    and get_origin(inspect.signature(function).return_annotation) is Call
}


@pytest.fixture
async def service(system: System, kind: Kind) -> AsyncIterator[AsyncServiceClient]:
    """A client whose tenant is new and has a name that a header cannot hold."""
    async with open_client(kind, system.url, f"hâushalt-{uuid4().hex[:8]}", retries=0) as client:
        yield client


async def test_jobs(service: AsyncServiceClient, receipt_png: bytes) -> None:
    """Jobs can be submitted, awaited, looked at and listed."""
    item = await service.submit("categorization", ITEM, user_id="u", priority=3, wait=30)
    receipt = await service.await_job((await service.submit_receipt(receipt_png, LABELS)).id)
    page = await service.jobs(limit=1, since=datetime.now(UTC) - timedelta(minutes=5))
    rest = await service.jobs(cursor=page.next_cursor, status="succeeded")

    assert (item.status, item.user_id, item.priority) == (JobStatus.SUCCEEDED, "u", 3)
    read = RichReceipt.model_validate(receipt.output_payload)
    assert read.extraction.line_items[0].category == "Dairy"
    assert [job.id for job in (*page.jobs, *rest.jobs)] == [receipt.id, item.id]
    assert (await service.job(item.id, wait=1)).id == item.id
    assert (await service.jobs(feature="embedding")).jobs == []
    assert (await service.jobs(tenant_id="nobody")).jobs == []


async def test_the_image_of_a_job(service: AsyncServiceClient, receipt_png: bytes) -> None:
    """The bytes come as they are stored; a job without an image has none, nor has a page more."""
    receipt = await service.submit_receipt(receipt_png)
    item = await service.submit("categorization", ITEM)
    shown = await service.job_image(receipt.id)

    assert (shown.media_type, shown.content) == ("image/png", receipt_png)
    with pytest.raises(ImageNotFound):
        await service.job_image(receipt.id, 2)
    with pytest.raises(ImageNotFound):
        await service.job_image(item.id)


async def test_a_page_that_a_proxy_sends_is_no_image(kind: Kind) -> None:
    async with scripted(html(200)) as server, open_client(kind, server.url) as client:
        with pytest.raises(UnexpectedAnswer, match="text/html"):
            await client.job_image(uuid4())


async def test_categories(service: AsyncServiceClient) -> None:
    """One name or many can be categorised; `fresh` and a key make jobs of their own."""
    first = await service.categorize("Whole Milk", LABELS, request_id="r")
    many = await service.categorize_batch(["Bananas", "Whole Milk"], LABELS)
    fresh = await service.categorize("Whole Milk", LABELS, fresh=True)
    keyed = await service.categorize("Whole Milk", LABELS, idempotency_key="k")

    assert first.payload is not None
    assert (first.request_id, first.payload.category) == ("r", "Dairy")
    assert many.payload is not None
    assert [found.predicted_category for found in many.payload.predictions] == ["Produce", "Dairy"]
    assert len({answer.metadata.job_id for answer in (first, fresh, keyed)}) == 3


async def test_receipts(service: AsyncServiceClient, receipt_png: bytes) -> None:
    """Flat or rich, as JSON or as a file: every call for an image finds the same work."""
    flat = await service.extract_receipt(receipt_png)
    read = await service.read_receipt(receipt_png, request_id="r")
    uploaded = await service.upload_receipt(receipt_png, request_id="r", user_id=None)
    labelled = await service.upload_receipt(receipt_png, LABELS)
    fresh = await service.upload_receipt(receipt_png, request_id="r", fresh=True, priority=3)

    assert flat.payload is not None
    assert flat.payload.total == read.extraction.total.amount == Decimal("21.34")
    assert read == uploaded
    assert fresh.read_at != read.read_at
    assert read.extraction.line_items[0].category is None
    assert labelled.extraction.line_items[0].category == "Dairy"


async def test_embeddings(service: AsyncServiceClient) -> None:
    """Both calls give the same vectors."""
    single = await service.embed(["whole milk", "dish soap"], request_id="r")
    batch = await service.embed_batch(["whole milk", "dish soap"], batch_size=1)

    assert single.request_id == "r"
    assert [vector.id for vector in single.embeddings] == [0, 1]
    assert single.dimension == len(single.embeddings[1].vector)
    for a, b in zip(single.embeddings, batch.embeddings, strict=True):
        assert a.vector == pytest.approx(b.vector, abs=1e-5)


async def test_health(service: AsyncServiceClient) -> None:
    """The answers are typed and have the fields of every kind of check."""
    health, live = await service.health(), await service.live()
    ready, composite = await service.ready(), await service.health_check()

    assert (health.service, health.version) == (SERVICE, service_version())
    assert live.status == ready.status == composite.status == "ok"
    assert ready.checks["workers"].alive == 1
    assert ready.checks["classifier"].model == "all-MiniLM-L6-v2"
    assert composite.services.queue.waiting is not None
    assert set(composite.services.queue.waiting) == set(Queue)


async def test_hints_and_callbacks_are_sent(kind: Kind) -> None:
    """Hints are among a payload's options, or fields of a form; a callback is at the top."""
    hints: dict[str, Any] = {"default_currency": "EUR", "country": "DE", "locale": "de-DE"}
    callback: Callback = {"url": "https://app.example/ai", "events": ["job.failed"]}
    refused = problem(422, ErrorClass.BAD_INPUT, "refused")
    async with scripted(refused) as server, open_client(kind, server.url) as client:
        for call in (
            client.submit_receipt(b"x", LABELS, **hints, callback=callback),
            client.extract_receipt(b"x", **hints),
            client.read_receipt(b"x", LABELS, **hints),
            client.upload_receipt(b"x", **hints, callback=callback),
            client.embed(["x"], callback=callback),
            client.submit_receipt(b"x", callback=None, locale=None),
        ):
            with pytest.raises(BadInput):
                await call

    submitted, flat, rich, uploaded, embedded, bare = server.seen
    assert json.loads(submitted.body)["payload"]["options"] == {**hints, "candidate_labels": LABELS}
    assert json.loads(submitted.body)["callback"] == callback
    assert json.loads(embedded.body)["callback"] == callback
    assert json.dumps(callback).encode() in uploaded.body
    assert json.loads(flat.body)["payload"]["options"] == hints
    assert json.loads(rich.body)["options"] == {**hints, "candidate_labels": LABELS}
    for name, value in hints.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n'.encode() in uploaded.body
    assert json.loads(bare.body)["payload"].keys() == {"image_base64"}
    assert "callback" not in json.loads(bare.body)


async def test_a_key_that_no_header_can_hold_is_refused(service: AsyncServiceClient) -> None:
    """The client refuses the key itself, with the error class that the service would use."""
    with pytest.raises(InvalidRequest, match="Idempotency-Key"):
        await service.submit("categorization", ITEM, idempotency_key="a\nb")


@pytest.mark.parametrize("client", [ServiceClient, AsyncServiceClient])
def test_every_call_is_a_method_of_both_clients(
    client: type[ServiceClient | AsyncServiceClient],
) -> None:
    """The method has the docstring and parameters of the call, for help() and notebooks."""
    for name, function in FUNCTIONS.items():
        method = getattr(client, name)
        taken = inspect.signature(method)

        assert method.__doc__ == function.__doc__
        assert list(taken.parameters) == ["self", *inspect.signature(function).parameters]
    assert inspect.signature(client.categorize).return_annotation == Answer[Category]


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://host", "http://", ""])
def test_a_url_without_scheme_or_host_is_refused(url: str) -> None:
    """The constructor refuses the URL, so that the first call need not."""
    with pytest.raises(ValueError, match="http"):
        ServiceClient(url, "tenant")


def test_the_url_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """AI_SERVICE_URL is the name that all callers use. A password in it is not shown."""
    monkeypatch.setenv("AI_SERVICE_URL", "https://user:secret@ai.example/prefix")
    with ServiceClient.from_environment("tenant", retries=0) as client:
        assert (client.url, client.tenant_id) == ("https://ai.example/prefix", "tenant")
    monkeypatch.delenv("AI_SERVICE_URL")
    with ServiceClient.from_environment("tenant") as client:
        assert client.url == "http://localhost:8000"


def _sync_methods_are_typed(client: ServiceClient) -> None:
    """Let mypy check the types. It fails if one differs, or if an `ignore` is not needed."""
    assert_type(client.categorize("Milk", ["Dairy"], fresh=True), Answer[Category])
    assert_type(client.job(UUID(int=0), wait=1), JobView)
    client.categorize("Milk", ["Dairy"], fres=True)  # type: ignore[call-arg]
    client.embed(17)  # type: ignore[arg-type]


async def _async_methods_are_typed(client: AsyncServiceClient) -> None:
    assert_type(await client.embed(["milk"], request_id="r"), EmbedAnswer)
    assert_type(await client.upload_receipt(b"", ["Dairy"]), RichReceipt)
    await client.submit("categorization", {}, fresh=True)  # type: ignore[call-arg]

"""An answer says who did the work and when, also if that was before the engine was changed."""

import time
from contextlib import AbstractAsyncContextManager

from sqlalchemy import text

from shared.client import AsyncServiceClient
from shared.contracts.receipts.flat import FlatReceipt
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.support.runners import worker_with
from tests.worker.cli.quality.readings import read_receipt
from worker.features.item_models import ItemModels
from worker.features.runners import Features, Product, Work
from worker.pipeline.receipt import ReceiptReading
from worker.telemetry.state import WorkerState


def reading_with(
    settings: Settings, engine: str, version: str
) -> AbstractAsyncContextManager[WorkerState]:
    """Run a worker that reads the same receipt from every image, in the name of an engine."""
    features = Features(None, ItemModels.from_settings(settings))

    async def read(work: Work) -> Product:
        reading = ReceiptReading([read_receipt()], [], engine, version)
        return await features.as_receipt(reading, work, time.perf_counter())

    return worker_with(settings, read)


async def test_a_repeated_request_gets_the_old_reading_which_says_so(
    client: AsyncServiceClient, settings: Settings, blank_png: bytes
) -> None:
    """All of its shapes name the engine that read it. `fresh` has the new engine read it."""
    async with reading_with(settings, "old", "1.0"):
        first = await client.extract_receipt(blank_png, request_id="r")
    async with reading_with(settings, "new", "2.0"):
        again = await client.extract_receipt(blank_png, request_id="r")
        rich = await client.read_receipt(blank_png, request_id="r")
        fresh = await client.extract_receipt(blank_png, request_id="r", fresh=True)

    assert again.metadata.replayed
    assert again.metadata.finished_at == first.metadata.finished_at is not None
    assert (again.metadata.model_id, again.metadata.model_version) == ("old", "old 1.0")
    read, new = _payload(again.payload), _payload(fresh.payload)
    assert (read.model_id, read.model_version) == (rich.model_id, rich.model_version)
    assert (read.model_id, read.model_version) == ("old", "old 1.0")
    assert read.read_at is not None
    assert rich.read_at == read.read_at
    assert (new.model_id, new.model_version) == ("new", "new 2.0")
    assert new.read_at is not None
    assert new.read_at > read.read_at


async def test_the_same_key_finds_the_old_reading_too(
    client: AsyncServiceClient, settings: Settings, blank_png: bytes
) -> None:
    """The job and its output say who read it, and when."""
    async with reading_with(settings, "old", "1.0"):
        first = await client.submit_receipt(blank_png, request_id="r", wait=20)
    async with reading_with(settings, "new", "2.0"):
        again = await client.submit_receipt(blank_png, request_id="r", wait=20)

    assert again == first
    assert (again.model_id, again.model_version) == ("old", "old 1.0")
    assert again.output_payload is not None
    assert again.output_payload["model_id"] == "old"
    assert again.output_payload["read_at"]


async def test_a_reading_of_the_release_before_is_completed_from_its_job(
    client: AsyncServiceClient, settings: Settings, database: Database, blank_png: bytes
) -> None:
    """The reading has neither the engine nor the time, but the job has both."""
    async with reading_with(settings, "old", "1.0"):
        first = await client.extract_receipt(blank_png)
    strip = "UPDATE jobs SET output = (output::jsonb - 'model_id' - 'read_at')::json"
    async with database.transaction() as session:
        await session.execute(text(strip))
    again = await client.read_receipt(blank_png)

    assert (again.model_id, again.read_at) == ("old", first.metadata.finished_at)


def _payload(payload: FlatReceipt | None) -> FlatReceipt:
    assert payload is not None
    return payload

"""How many receipts of 5 MB a second are accepted and read, by where their images are kept.

The features do nothing, so that only the way of an image is measured: through a front and a worker,
and without both. The S3 server is a test server in Python, which stops long before S3 does.
"""

import asyncio
import base64
import os
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from unittest.mock import patch
from uuid import uuid4

from shared.contracts.features import Feature, Queue
from shared.store.hot.accepting import NewJob
from shared.store.hot.claiming import claim
from shared.store.images.keeping import Images, opened_images
from shared.store.postgres.database import Database
from tests.bench.bench import Bench
from tests.bench.figures import Figure, number, rate
from tests.bench.loader.asking import load
from tests.bench.running.system import System
from tests.support.processes.bucket import BUCKET, CREDENTIALS, bucket_server

_SIZE = 5_000_000
# Images that are under way at the same time, which is as many as a front sends at once.
_AT_ONCE = 4
_POSTGRES, _FOLDER, _S3 = "Postgres", "a folder", "S3 (test server)"
_APART = (_FOLDER, _S3)
_PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ")
_WAL = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8"


async def measure(bench: Bench) -> Sequence[Figure]:
    """Measure each place in every round, one after the other."""
    return [*await _through_systems(bench), *await stored_only(bench)]


async def _through_systems(bench: Bench) -> Sequence[Figure]:
    """Measure receipts that go through a front and a worker."""
    rates: dict[str, list[float]] = defaultdict(list)
    async with _systems(bench, processes=True) as systems:
        for _ in range(bench.rounds):
            for place, system in systems.items():
                rates[place].append(await _submit(system, bench.count(16)))
    return [
        *(rate(f"through front and worker: {place}", rates[place]) for place in rates),
        *(_compared(f"through front and worker: {place}", place, rates) for place in _APART),
    ]


async def stored_only(bench: Bench) -> Sequence[Figure]:
    """Measure images that are stored and fetched again, without a front and a worker."""
    count = bench.count(16)
    rates: dict[str, list[float]] = defaultdict(list)
    journal: dict[str, list[float]] = defaultdict(list)
    async with _systems(bench, processes=False) as systems:
        for _ in range(bench.rounds):
            for place, system in systems.items():
                before = await _journal(system)
                rates[place].append(await _store(system, count))
                journal[place].append((await _journal(system) - before) / count / 1e6)
    return [
        *(rate(f"stored and fetched only: {place}", rates[place]) for place in rates),
        *(_compared(f"stored and fetched only: {place}", place, rates) for place in _APART),
        *(number(f"journal of Postgres: {place}", journal[place], "MB") for place in journal),
    ]


def _compared(name: str, place: str, rates: Mapping[str, Sequence[float]]) -> Figure:
    return Figure.ratio(f"{name} ÷ Postgres", rates[place], rates[_POSTGRES], anchor=_POSTGRES)


@asynccontextmanager
async def _systems(bench: Bench, *, processes: bool) -> AsyncIterator[Mapping[str, System]]:
    """Run a system for each place, with a front and a worker or without."""
    async with AsyncExitStack() as stack:
        folder = bench.folder / f"images-{uuid4().hex[:6]}"
        server = stack.enter_context(bucket_server(bench.folder / "s3.log"))
        stack.enter_context(patch.dict(os.environ, CREDENTIALS))
        places = {
            _POSTGRES: {"IMAGE_STORE": "postgres"},
            _FOLDER: {"IMAGE_STORE": f"file://{folder}"},
            _S3: {"IMAGE_STORE": f"s3://{BUCKET}/bench", "AWS_ENDPOINT_URL": server},
        }
        yield {
            place: await stack.enter_async_context(
                bench.system(
                    {"WORKER_QUEUES": "receipts", "RECEIPT_SLOTS": "4", **env},
                    workers=int(processes),
                    front=processes,
                )
            )
            for place, env in places.items()
        }


async def _submit(system: System, count: int) -> float:
    image = base64.b64encode(_image()).decode()
    found = await load(
        system,
        "jobs",
        count=count,
        form="poll",
        concurrency=_AT_ONCE,
        feature=Feature.RECEIPT_EXTRACTION,
        payload={"image_base64": image},
    )
    return float(count / found["seconds"])


async def _store(system: System, count: int) -> float:
    """Store, claim and fetch in this process, past the front and the worker."""
    settings = system.settings().model_copy(
        update={
            "image_store": system.env["IMAGE_STORE"],
            "aws_endpoint_url": system.env.get("AWS_ENDPOINT_URL"),
        }
    )
    database = Database.from_settings(settings, process="bench")
    places = asyncio.Semaphore(_AT_ONCE)
    try:
        async with opened_images(settings) as images:

            async def run() -> None:
                async with places:
                    await _store_and_fetch(database, images)

            began = time.perf_counter()
            await asyncio.gather(*(run() for _ in range(count)))
            return count / (time.perf_counter() - began)
    finally:
        await database.close()


async def _store_and_fetch(database: Database, images: Images) -> None:
    new = NewJob(
        tenant_id="bench",
        user_id=None,
        request_id=None,
        feature=Feature.RECEIPT_EXTRACTION,
        priority=0,
        payload="{}",
        image=_image(),
        idempotency_key=uuid4().hex,
        content_key=None,
        request_hash="",
    )
    await images.accept(database, [new], {new.id: 2**40})
    (held,) = (await claim(database.fetch, Queue.RECEIPTS, [(new.id, 1)], "bench", 60)).made
    if held.reference is not None:
        await images.read(held.reference)


async def _journal(system: System) -> float:
    """Return how many bytes Postgres has written into its journal so far."""
    async with system.database() as database:
        return float(await database.fetchval(_WAL))


def _image() -> bytes:
    return _PNG + os.urandom(_SIZE - len(_PNG))

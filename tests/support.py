"""Small things that several tests need."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
import uvicorn
from pydantic import SecretStr

from api.main import create_app
from shared.client import AsyncServiceClient
from shared.contracts.categories import Category
from shared.contracts.features import Feature
from shared.local.processes import free_port
from shared.settings import Settings
from worker.features import Product, Run, Work
from worker.main import worker
from worker.state import WorkerState

LABELS = ["Dairy", "Produce"]
ITEM = {"item_name": "Milk", "candidate_labels": LABELS}


async def wait_until(
    ready: Callable[[], Awaitable[bool] | bool], what: str, within: float = 10
) -> None:
    """Poll until `ready()`; fail with `what` after `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        result = ready()
        if await result if isinstance(result, Awaitable) else result:
            return
        assert time.monotonic() < deadline, f"{what} did not happen within {within} s"
        await asyncio.sleep(0.01)


async def dairy(_work: Work) -> Product:
    """A runner that needs no model: everything is dairy."""
    category = Category(
        category="Dairy",
        confidence=1.0,
        confidence_level="high",
        all_scores={"Dairy": 1.0, "Produce": 0.0},
        processing_time_ms=0.0,
    )
    return Product(output=category, model_id="scripted", model_version="1")


def nowhere(scheme: str) -> SecretStr:
    """A URL at which nobody listens."""
    return SecretStr(f"{scheme}://127.0.0.1:{free_port()}/0")


@asynccontextmanager
async def front_transport(settings: Settings) -> AsyncIterator[httpx.ASGITransport]:
    """Another front inside the test, with settings of its own."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app, raise_app_exceptions=False)


@asynccontextmanager
async def front_client(settings: Settings) -> AsyncIterator[AsyncServiceClient]:
    """The typed client of such a front."""
    async with (
        front_transport(settings) as transport,
        AsyncServiceClient("http://front", "tenant", transport=transport, retries=0) as client,
    ):
        yield client


@asynccontextmanager
async def front_http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Plain HTTP to such a front."""
    async with (
        front_transport(settings) as transport,
        httpx.AsyncClient(base_url="http://front", transport=transport) as http,
    ):
        yield http


@asynccontextmanager
async def front_server(settings: Settings) -> AsyncIterator[str]:
    """Such a front behind a port of its own; yields its URL."""
    config = uvicorn.Config(create_app(settings), port=0, log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await wait_until(lambda: server.started or serving.done(), "the front listened")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def worker_with(settings: Settings, run: Run) -> AsyncIterator[WorkerState]:
    """A worker inside the test that runs every item job with `run`."""

    async def load(
        _settings: Settings, _state: WorkerState, _stack: AsyncExitStack
    ) -> Mapping[Feature, Run]:
        return dict.fromkeys(Feature, run)

    async with worker(settings, load) as state:
        yield state


def raising(error: Exception) -> Run:
    """A runner that fails."""

    async def run(_work: Work) -> Product:
        raise error

    return run


class Gate:
    """A runner that tells when it has begun and goes on when it is told to."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.opened = asyncio.Event()
        self.runs = 0
        self.stopped = False

    async def __call__(self, work: Work) -> Product:
        self.runs += 1
        self.begun.set()
        try:
            await self.opened.wait()
        except asyncio.CancelledError:
            self.stopped = True
            raise
        return await dairy(work)

"""Fixtures for all tests: real servers, a front inside the test, and the whole system.

The servers start once in a session. Each test that uses the database finds it empty.
"""

import os

# Set before gRPC is imported. The collector's gRPC would otherwise restart its threads in every
# process that a test forks, whose files are about to be closed, and now and then abort it.
os.environ["GRPC_ENABLE_FORK_SUPPORT"] = "false"

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import pytest
import structlog
from fastapi import FastAPI
from PIL import Image

from api.main import create_app
from shared.client import AsyncServiceClient
from shared.local import stack
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.process.library_threads import limit_library_threads
from shared.process.opt_outs import opt_out_of_reports
from shared.settings import Settings
from shared.store.models import Base
from shared.store.postgres.database import Database
from shared.wire.messenger import Messenger
from tests.support.processes.running_system import System, running_system
from tests.support.telemetry.log_collector import LogCollector, log_collector
from tests.support.telemetry.span_collector import Collector, span_collector

pytest_plugins = [
    "tests.support.plugins.left_out",
    "tests.support.plugins.processes",
    "tests.support.plugins.schedule",
]


def pytest_configure() -> None:
    """Keep tests and the processes that they start from reporting to anybody or fetching models."""
    opt_out_of_reports()
    limit_library_threads()
    os.environ["HF_HUB_OFFLINE"] = "1"
    # Every slot has a child, which takes seconds to start, and no test needs two.
    os.environ["RECEIPT_SLOTS"] = "1"
    # structlog's default shows the variables of every frame. That takes seconds, for which the code
    # that runs inside a test would wait.
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure([*structlog.get_config()["processors"][:-1], plain])


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """The folder for the servers' data and the logs of this session."""
    with stack.throwaway_folder() as path:
        yield path


@pytest.fixture(scope="session")
def servers(folder: Path) -> Iterator[stack.Servers]:
    """Postgres and Redis: those of DATABASE_URL and REDIS_URL, or embedded ones."""
    with stack.servers(folder, durable=False) as running:
        yield running


@pytest.fixture(scope="session")
def migrated(servers: stack.Servers) -> Iterator[str]:
    """The URL of a migrated database that the tests use one after the other."""
    with _new_database(servers) as url:
        yield url


@pytest.fixture
async def database_url(migrated: str) -> str:
    """The URL of a migrated database that is empty when the test begins."""
    # The migration fills the table of turns that were reached, and they only grow. TRUNCATE would
    # take twenty times as long, since it makes new files for tables that hold a few rows.
    tables = (
        table for table in reversed(Base.metadata.sorted_tables) if table.name != "reached_turns"
    )
    await _execute(migrated, "; ".join(str(table.delete()) for table in tables))
    return migrated


@pytest.fixture
def behind(servers: stack.Servers) -> Iterator[str]:
    """The URL of a database without any migration."""
    with _new_database(servers, migrated=False) as url:
        yield url


@pytest.fixture
def settings(database_url: str, servers: stack.Servers) -> Settings:
    """The settings of what runs inside the test, with a queue namespace of its own."""
    return Settings.model_validate(
        {
            "environment": "test",
            "database_url": database_url,
            "redis_url": servers.redis_url,
            "queue_namespace": f"test-{uuid4().hex[:12]}",
            "shutdown_grace": 0,
            "reconcile_interval": 0.1,
            "worker_port": 0,
            "retry_pause": 0.01,
            "database_patience": 20,
            "probe_patience": 20,
        }
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """The database of `settings`."""
    database = Database.from_settings(settings, process="test")
    yield database
    await database.close()


@pytest.fixture
async def messenger(settings: Settings) -> AsyncIterator[Messenger]:
    """The messenger of `settings`."""
    messenger = Messenger(settings)
    yield messenger
    await messenger.close()


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    """A front inside the test, without a worker."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """An HTTP client of the front `app`."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield http


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[AsyncServiceClient]:
    """The Python client of the front `app`."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with AsyncServiceClient(
        "http://localhost", "tenant", transport=transport, retries=0
    ) as client:
        yield client


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """The collector that receives the spans of `system`."""
    with span_collector() as received:
        yield received


@pytest.fixture(scope="session")
def collected_logs() -> Iterator[LogCollector]:
    """The collector that receives the log records of `system`."""
    with log_collector() as received:
        yield received


@pytest.fixture(scope="session")
def system(
    servers: stack.Servers, folder: Path, collector: Collector, collected_logs: LogCollector
) -> Iterator[System]:
    """A front and a worker as processes of their own, with real engines, traces and logs.

    They are slow to start, so all tests share them, each as a tenant of its own.
    """
    logs = folder / "logs"
    logs.mkdir()
    with (
        _new_database(servers) as url,
        running_system(
            servers,
            url,
            logs,
            {
                "OTEL_ENABLED": "true",
                "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
                "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": collected_logs.endpoint,
            },
        ) as running,
    ):
        yield running


@pytest.fixture
async def service(system: System) -> AsyncIterator[AsyncServiceClient]:
    """The Python client of `system`, as a tenant of the test's own."""
    async with AsyncServiceClient(system.url, f"tenant-{uuid4().hex[:8]}", retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def drawn() -> DrawnReceipt:
    """A receipt whose content is known."""
    return DrawnReceipt()


@pytest.fixture(scope="session")
def receipt_png(drawn: DrawnReceipt) -> bytes:
    """The image of the receipt `drawn`."""
    return encode(draw_receipt(drawn))


@pytest.fixture(scope="session")
def blank_png() -> bytes:
    """An image without any text."""
    return encode(Image.new("RGB", (400, 300), "white"))


@contextmanager
def _new_database(servers: stack.Servers, *, migrated: bool = True) -> Iterator[str]:
    """Make a database on the servers for the block, and yield its URL."""
    name = f"test_{uuid4().hex[:12]}"
    url = str(httpx.URL(servers.database_url).copy_with(path=f"/{name}"))
    asyncio.run(_execute(servers.database_url, f"CREATE DATABASE {name}"))
    try:
        if migrated:
            stack.migrate(url)
        yield url
    finally:
        asyncio.run(_execute(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()

"""Runs fronts inside the test process, each with its own settings."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from pydantic import SecretStr

from api.main import create_app
from api.process import http_config
from shared.client import AsyncServiceClient
from shared.local.processes import free_port
from shared.settings import Settings
from tests.support.waiting import wait_until


def nowhere(scheme: str) -> SecretStr:
    """Return a URL at which nobody listens."""
    return SecretStr(f"{scheme}://127.0.0.1:{free_port()}/0")


@asynccontextmanager
async def front_transport(settings: Settings) -> AsyncIterator[httpx.ASGITransport]:
    """Run a front inside the test; yields the transport to it."""
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        yield httpx.ASGITransport(app, raise_app_exceptions=False)


@asynccontextmanager
async def front_client(settings: Settings) -> AsyncIterator[AsyncServiceClient]:
    """Run a front inside the test; yields a typed client of it."""
    async with (
        front_transport(settings) as transport,
        AsyncServiceClient("http://localhost", "tenant", transport=transport, retries=0) as client,
    ):
        yield client


@asynccontextmanager
async def front_http(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Run a front inside the test; yields an HTTP client of it."""
    async with (
        front_transport(settings) as transport,
        httpx.AsyncClient(base_url="http://localhost", transport=transport) as http,
    ):
        yield http


@asynccontextmanager
async def front_server(settings: Settings) -> AsyncIterator[str]:
    """Run a front that listens on a port of its own; yields its URL."""
    config = http_config(create_app(settings), settings)
    config.port = 0
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        await wait_until(lambda: server.started or serving.done(), "the front listened")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving

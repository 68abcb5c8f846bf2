"""Gives both clients one interface, so that one test covers both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal, cast

from shared.client import AsyncServiceClient, ServiceClient
from shared.contracts.events import JobEvent, StageEvent

Kind = Literal["sync", "async"]


class _InThread:
    """The sync client with the interface of the async one: each call runs in a thread."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(asyncio.to_thread, getattr(self._client, name))

    async def events(self, *args: Any, **options: Any) -> AsyncIterator[JobEvent | StageEvent]:
        events = self._client.events(*args, **options)
        while event := await asyncio.to_thread(next, events, None):
            yield event


@asynccontextmanager
async def open_client(
    kind: Kind, url: str, tenant_id: str = "tenant", **options: Any
) -> AsyncIterator[AsyncServiceClient]:
    """Open a client of either kind, to be used like the async one."""
    if kind == "async":
        async with AsyncServiceClient(url, tenant_id, **options) as client:
            yield client
    else:
        with ServiceClient(url, tenant_id, **options) as sync_client:
            yield cast(AsyncServiceClient, _InThread(sync_client))

"""Both clients behind one face, so that a test says once what holds for either."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Literal, cast

from shared.client import AsyncServiceClient, ServiceClient

Kind = Literal["sync", "async"]


class _InThread:
    """The sync client with the async one's methods: each runs in a thread."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return partial(asyncio.to_thread, getattr(self._client, name))


@asynccontextmanager
async def open_client(
    kind: Kind, url: str, tenant_id: str = "tenant", **patience: Any
) -> AsyncIterator[AsyncServiceClient]:
    """A client of the kind, to be used like the async one."""
    if kind == "async":
        async with AsyncServiceClient(url, tenant_id, **patience) as client:
            yield client
    else:
        with ServiceClient(url, tenant_id, **patience) as sync_client:
            yield cast(AsyncServiceClient, _InThread(sync_client))

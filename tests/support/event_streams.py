"""Reads streams of server-sent events."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx


@dataclass(frozen=True)
class Received:
    """One event as it came: its name, its id if it has one, and its data."""

    event: str
    id: str | None
    data: dict[str, Any]


@dataclass(frozen=True)
class Stream:
    """An open stream: the head of the answer, and the events that come."""

    answer: httpx.Response
    events: AsyncIterator[Received]


@asynccontextmanager
async def listening(
    http: httpx.AsyncClient, job_id: UUID, tenant: str = "tenant", **headers: str
) -> AsyncIterator[Stream]:
    """Listen to a job during the block."""
    async with http.stream(
        "GET", f"/api/v1/jobs/{job_id}/events", headers={"X-Tenant-ID": tenant, **headers}
    ) as answer:
        yield Stream(answer, received(answer.aiter_lines()))


async def received(lines: AsyncIterator[str]) -> AsyncIterator[Received]:
    """Yield the events among the lines of a stream; comments and `retry` are left out."""
    fields: dict[str, str] = {}
    async for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            yield Received(fields["event"], fields.get("id"), json.loads(fields["data"]))
            fields = {}

"""Regions of pages that stay up to date: streams of their HTML as server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any

from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.access.sessions import caller_of_session, session_key
from api.console.visit import Visit
from api.front import Front
from shared.errors import ServiceError

# Seconds between two looks at what a region shows.
_INTERVAL = 2.0
# Seconds for which viewers share what was rendered. They are fewer, so that each gets a new one.
_SHARED = 0.9
# Milliseconds after which a browser reconnects.
_RETRY = 3000
_SEND_TIMEOUT = 30


def live_region(
    request: Request,
    front: Front,
    render: Callable[[], Awaitable[str]],
    *,
    interval: float = _INTERVAL,
) -> EventSourceResponse:
    """Stream a region as `event: region` whenever its HTML has changed.

    The stream ends when the front drains, when what is shown cannot be read, and when the session
    has ended; the browser reconnects, and is answered with the error.
    """
    return EventSourceResponse(
        _changes(request, front, render, interval), sep="\n", send_timeout=_SEND_TIMEOUT
    )


def shared(
    front: Front,
    visit: Visit,
    region: str,
    render: Callable[[], Coroutine[Any, Any, str]],
    *,
    max_age: float = _SHARED,
) -> Callable[[], Awaitable[str]]:
    """Return `render` so that one rendering at a time is for all who may see the same.

    It is at most `max_age` seconds old. What it renders depends on the reach and the role of the
    visitor, and on nothing else of them.
    """
    key = (region, visit.caller.tenants, visit.operates, visit.operates_all)
    return lambda: front.recent.get(key, max_age, render)


async def _changes(
    request: Request, front: Front, render: Callable[[], Awaitable[str]], interval: float
) -> AsyncIterator[ServerSentEvent]:
    yield ServerSentEvent(retry=_RETRY, sep="\n")
    shown = ""
    while not front.draining.begun and await is_still_admitted(request, front):
        try:
            html = await render()
        except ServiceError:
            return
        if html != shown:
            shown = html
            yield ServerSentEvent(html, event="region", sep="\n")
        await asyncio.sleep(interval)


async def is_still_admitted(request: Request, front: Front) -> bool:
    """Return whether the session of a request still lives, where one is needed."""
    if not front.settings.needs_tokens:
        return True
    key = session_key(request.scope, front.settings)
    try:
        await caller_of_session(key, front.database, front.tokens)
    except ServiceError:
        return False
    return True

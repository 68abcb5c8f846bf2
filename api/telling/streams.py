"""The news of a job as a stream of server-sent events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

from sse_starlette import ServerSentEvent

from api.telling.waiting import Waiters
from api.telling.watch import Watch
from shared.contracts.events import JOB_EVENT, STAGE_EVENT, EventId, StageEvent
from shared.errors import Bug, Draining
from shared.store.states import JobState

# Seconds between two comments in a quiet stream, and between two looks at who listens.
HEARTBEAT = 15
# Milliseconds after which a client reconnects if its stream breaks.
_RETRY = 1000


async def event_stream(
    waiters: Waiters,
    state: JobState,
    since: EventId | None,
    is_admitted: Callable[[], Awaitable[bool]],
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of a job after `since`, the last of which says that the job has ended.

    The stream also ends when the job is deleted, when the front drains, if this version cannot read
    the row, and when the caller is no longer admitted. Whoever reconnects gets the error.
    """
    # The first bytes let the caller know at once that the stream has begun.
    yield ServerSentEvent(retry=_RETRY, sep="\n")
    with suppress(Draining, Bug), waiters.listen(state.event.job_id, since) as watch:
        watch.read(state)
        while (news := await next_news(watch, is_admitted)) is not None:
            yield _encode(news)
            if isinstance(news, JobState) and news.finished:
                return


async def next_news(
    watch: Watch, is_admitted: Callable[[], Awaitable[bool]], interval: float = HEARTBEAT
) -> JobState | StageEvent | None:
    """Wait for the next news, or return None if the job or the admission of the caller is gone.

    A job may take longer than its caller is welcome, which is looked at every `interval` seconds.
    """
    while True:
        news, silent = None, False
        try:
            async with asyncio.timeout(interval):
                news = await watch.next()
        except TimeoutError:
            silent = True
        if not await is_admitted():
            return None
        if not silent:
            return news


def _encode(news: JobState | StageEvent) -> ServerSentEvent:
    if isinstance(news, StageEvent):
        return ServerSentEvent(news.model_dump_json(), event=STAGE_EVENT, sep="\n")
    return ServerSentEvent(news.event.model_dump_json(), event=JOB_EVENT, id=str(news.id), sep="\n")

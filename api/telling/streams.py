"""The news of a job as a stream of server-sent events."""

from collections.abc import AsyncIterator
from contextlib import suppress

from sse_starlette import ServerSentEvent

from api.telling.waiting import Waiters
from shared.contracts.events import JOB_EVENT, STAGE_EVENT, EventId, StageEvent
from shared.errors import Bug, Draining
from shared.store.states import JobState

# Milliseconds after which a client reconnects if its stream breaks.
_RETRY = 1000


async def event_stream(
    waiters: Waiters, state: JobState, since: EventId | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield the events of a job after `since`, the last of which says that the job has ended.

    The stream also ends when the job is deleted, when the front drains, and if this version cannot
    read the row. Whoever reconnects gets the error.
    """
    # The first bytes let the caller know at once that the stream has begun.
    yield ServerSentEvent(retry=_RETRY, sep="\n")
    with suppress(Draining, Bug), waiters.listen(state.event.job_id, since) as watch:
        watch.read(state)
        while (news := await watch.next()) is not None:
            yield _encode(news)
            if isinstance(news, JobState) and news.finished:
                return


def _encode(news: JobState | StageEvent) -> ServerSentEvent:
    if isinstance(news, StageEvent):
        return ServerSentEvent(news.model_dump_json(), event=STAGE_EVENT, sep="\n")
    return ServerSentEvent(news.event.model_dump_json(), event=JOB_EVENT, id=str(news.id), sep="\n")

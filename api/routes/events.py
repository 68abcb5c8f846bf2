"""The call that streams the events of a job."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response
from sse_starlette import EventSourceResponse, ServerSentEvent

from api.access.authentication import is_still_admitted
from api.access.caller import READS
from api.front import Front, FrontDep, TenantDep
from api.openapi.problems import TENANT, problems
from api.openapi.streams import EVENT_SCHEMA
from api.telling.streams import HEARTBEAT, event_stream
from shared.contracts.events import EventId
from shared.errors import Draining
from shared.rejections import JobNotFound
from shared.store.states import JobState

# Seconds that a caller may take to accept an event. One who no longer reads has to make room.
_SEND_TIMEOUT = 30

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])


@router.get(
    "/{job_id}/events",
    dependencies=[READS],
    response_class=EventSourceResponse,
    responses={
        200: {
            "description": "The stream of events, of which the schema describes one",
            "content": {"text/event-stream": {"schema": EVENT_SCHEMA}},
        },
        204: {"description": "The caller has seen the end of the job already"},
        **problems(*TENANT, JobNotFound, Draining),
    },
)
async def stream_job_events(
    job_id: UUID,
    tenant_id: TenantDep,
    front: FrontDep,
    http: Request,
    last_event_id: Annotated[
        str | None, Header(alias="Last-Event-ID", description="the last `id` received")
    ] = None,
) -> Response:
    """Stream the events of a job of the tenant until it has ended.

    `event: job` has the state of the job: first the current one, unless `Last-Event-ID` names it,
    then each later one; states that follow each other quickly may come as one event, the last.
    `event: stage` says that a stage of the running attempt began; it has no id. After the end of a
    job there is nothing to stream: 204, at which an EventSource stops. The stream ends within
    15 seconds, and before its next event, if the token has been revoked or has expired.
    """
    front.draining.check()
    since = EventId.parse(last_event_id)
    state = await front.reads.state(job_id, tenant_id)
    if since is not None and since > state.id:
        # The row never had such a state, or lost it with the database. Nothing would be news.
        since = None
    if state.finished and since == state.id:
        return Response(status_code=204)
    return EventSourceResponse(
        _counted(http, front, state, since), ping=HEARTBEAT, sep="\n", send_timeout=_SEND_TIMEOUT
    )


async def _counted(
    http: Request, front: Front, state: JobState, since: EventId | None
) -> AsyncIterator[ServerSentEvent]:
    with front.metrics.listeners.track_inprogress():
        is_admitted = partial(is_still_admitted, http, front.tokens)
        async for event in event_stream(front.waiters, state, since, is_admitted):
            yield event

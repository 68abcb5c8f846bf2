"""The calls about the queues: how they are, and whether workers take jobs of them."""

import structlog
from fastapi import APIRouter, Request

from api.access.caller import READS, OperatorDep
from api.front import Front, FrontDep
from api.openapi.problems import STORED, problems
from api.requests.context import request_id_of
from shared.contracts.features import Queue
from shared.contracts.service.queues import QueueList, QueueView
from shared.errors import BrokerUnavailable
from shared.rejections import InvalidRequest, QueueNotFound
from shared.store.access.audit import record
from shared.store.queues import pauses

log = structlog.get_logger(__name__)

router = APIRouter(prefix="/api/v1/queues", tags=["queues"])


@router.get("", response_model=QueueList, dependencies=[READS], responses=problems(*STORED))
async def list_queues(front: FrontDep) -> QueueList:
    """Return every queue. The numbers are at most a second old."""
    return QueueList(queues=await front.admission.views())


@router.post(
    "/{queue}/pause",
    response_model=QueueView,
    responses=problems(*STORED, QueueNotFound, InvalidRequest),
)
async def pause_queue(
    queue: str, front: FrontDep, caller: OperatorDep, request: Request
) -> QueueView:
    """Have workers take no more jobs of a queue, within two seconds. For operators.

    Jobs that run go on, and new ones are accepted and wait. A queue that is paused stays so.
    """
    named = _named(queue)
    async with front.database.transaction() as session:
        if await pauses.pause(session, named, caller.name):
            subject, request_id = named.value, request_id_of(request)
            await record(session, "queue.pause", caller.name, subject, request_id=request_id)
    return await _changed(front, named)


@router.post(
    "/{queue}/resume",
    response_model=QueueView,
    responses=problems(*STORED, QueueNotFound, InvalidRequest),
)
async def resume_queue(
    queue: str, front: FrontDep, caller: OperatorDep, request: Request
) -> QueueView:
    """Have workers take jobs of a queue again. For operators.

    A queue that is not paused stays as it is.
    """
    named = _named(queue)
    async with front.database.transaction() as session:
        if await pauses.resume(session, named):
            subject, request_id = named.value, request_id_of(request)
            await record(session, "queue.resume", caller.name, subject, request_id=request_id)
    return await _changed(front, named)


def _named(name: str) -> Queue:
    try:
        return Queue(name)
    except ValueError as error:
        raise QueueNotFound from error


async def _changed(front: Front, queue: Queue) -> QueueView:
    """Let workers know, and return the queue as it is now."""
    try:
        await front.messenger.publish_pause(queue)
    except BrokerUnavailable as error:
        # Without Redis no worker takes anything; and each heartbeat asks for the pauses.
        log.warning("queue.change_not_published", queue=queue, reason=repr(error.__cause__))
    await front.admission.renew()
    return next(view for view in await front.admission.views() if view.queue is queue)

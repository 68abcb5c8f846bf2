"""Pauses and resumes a queue for an operator."""

import structlog

from api.front import Front
from shared.contracts.features import Queue
from shared.contracts.service.queues import QueueView
from shared.errors import BrokerUnavailable
from shared.rejections import QueueNotFound
from shared.store.access.audit import record
from shared.store.queues import pauses

log = structlog.get_logger(__name__)


async def pause(front: Front, name: str, actor: str, request_id: str | None) -> QueueView:
    """Have workers take no more jobs of a queue, and return the queue as it is then.

    Raises QueueNotFound and DatabaseUnavailable.
    """
    queue = _named(name)
    async with front.database.transaction() as session:
        if await pauses.pause(session, queue, actor):
            await record(session, "queue.pause", actor, queue.value, request_id=request_id)
    return await _changed(front, queue)


async def resume(front: Front, name: str, actor: str, request_id: str | None) -> QueueView:
    """Have workers take jobs of a queue again, and return the queue as it is then.

    Raises QueueNotFound and DatabaseUnavailable.
    """
    queue = _named(name)
    async with front.database.transaction() as session:
        if await pauses.resume(session, queue):
            await record(session, "queue.resume", actor, queue.value, request_id=request_id)
    return await _changed(front, queue)


async def publish_change(front: Front, queue: Queue) -> None:
    """Let the workers of a queue know that they may have to take no more of it, or may again."""
    try:
        await front.messenger.publish_pause(queue)
    except BrokerUnavailable as error:
        # Without Redis no worker takes anything; and each heartbeat asks for the pauses.
        log.warning("queue.change_not_published", queue=queue, reason=repr(error.__cause__))


def _named(name: str) -> Queue:
    try:
        return Queue(name)
    except ValueError as error:
        raise QueueNotFound from error


async def _changed(front: Front, queue: Queue) -> QueueView:
    """Let workers know, and return the queue as it is now."""
    await publish_change(front, queue)
    await front.admission.renew()
    return next(view for view in await front.admission.views() if view.queue is queue)

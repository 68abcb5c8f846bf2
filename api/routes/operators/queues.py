"""The calls about the queues: how they are, and whether workers take jobs of them."""

from fastapi import APIRouter, Request

from api.access.caller import READS, OperatorDep
from api.front import FrontDep
from api.openapi.problems import STORED, problems
from api.operating import queues
from api.requests.context import request_id_of
from shared.contracts.service.queues import QueueList, QueueView
from shared.rejections import InvalidRequest, QueueNotFound

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
    return await queues.pause(front, queue, caller.name, request_id_of(request))


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
    return await queues.resume(front, queue, caller.name, request_id_of(request))

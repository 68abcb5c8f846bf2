"""The call that reports on the queues."""

from fastapi import APIRouter

from api.access.caller import READS
from api.front import FrontDep
from api.openapi.problems import STORED, problems
from shared.contracts.service.queues import QueueList

router = APIRouter(prefix="/api/v1/queues", tags=["queues"])


@router.get("", response_model=QueueList, dependencies=[READS], responses=problems(*STORED))
async def list_queues(front: FrontDep) -> QueueList:
    """Return every queue. The numbers are at most a second old."""
    return QueueList(queues=await front.admission.views())

"""The calls about the workers: how they are, and whether they take jobs."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from api.access.caller import READS, OperatorDep
from api.front import FrontDep
from api.openapi.problems import STORED, problems
from api.operating import workers
from api.requests.context import request_id_of
from shared.contracts.service.workers import WorkerList, WorkerView
from shared.rejections import InvalidRequest, WorkerNotFound

router = APIRouter(prefix="/api/v1/workers", tags=["operations"])

_WorkerId = Annotated[str, Path(max_length=500)]


@router.get("", response_model=WorkerList, dependencies=[READS], responses=problems(*STORED))
async def list_workers(front: FrontDep) -> WorkerList:
    """Return the workers that were seen within a day, those that live first."""
    return WorkerList(workers=await workers.workers(front))


@router.post(
    "/{worker_id}/drain",
    response_model=WorkerView,
    responses=problems(*STORED, WorkerNotFound, InvalidRequest),
)
async def drain_worker(
    worker_id: _WorkerId, front: FrontDep, caller: OperatorDep, request: Request
) -> WorkerView:
    """Have a worker take no more jobs, within two seconds. For operators.

    The jobs that it runs go on, and the worker stays until it is stopped. Others take what waits.
    """
    return await workers.drain(front, worker_id, caller.name, request_id_of(request))


@router.post(
    "/{worker_id}/resume",
    response_model=WorkerView,
    responses=problems(*STORED, WorkerNotFound, InvalidRequest),
)
async def resume_worker(
    worker_id: _WorkerId, front: FrontDep, caller: OperatorDep, request: Request
) -> WorkerView:
    """Have a worker take jobs again. For operators. One that is not drained stays as it is."""
    return await workers.resume(front, worker_id, caller.name, request_id_of(request))

"""The call that shows failed jobs in groups of the same kind."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.access.caller import READS
from api.access.reach import ReachDep
from api.front import FrontDep
from api.openapi.problems import TENANT, problems
from api.requests.body import BodyRoute
from shared.contracts.features import Feature
from shared.contracts.search.conditions import Moment
from shared.contracts.search.failures import FailureList
from shared.errors import ErrorClass
from shared.store.search.failures import failures

router = APIRouter(prefix="/api/v1", tags=["jobs"], route_class=BodyRoute)


@router.get(
    "/failures", dependencies=[READS], response_model=FailureList, responses=problems(*TENANT)
)
async def list_failures(
    front: FrontDep,
    reach: ReachDep,
    feature: Annotated[Feature | None, Query()] = None,
    error_class: Annotated[ErrorClass | None, Query()] = None,
    since: Annotated[Moment | None, Query()] = None,
) -> FailureList:
    """List the jobs that have failed in groups of the same kind, the latest first.

    `since` bounds the time at which the jobs were accepted.
    """
    tenants = await reach.tenants()
    return await failures(
        front.database.fetch, tenants, feature=feature, error_class=error_class, since=since
    )

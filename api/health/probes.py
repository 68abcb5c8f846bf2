"""Health probes, and the metrics that Prometheus scrapes."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from api.access.caller import IDENTIFIED
from api.front import FrontDep
from api.health.readiness import readiness
from api.health.summary import summary
from api.openapi.problems import STORED, problems
from shared.contracts.service.health import Check, Health, HealthCheck, Liveness, Readiness
from shared.errors import Bug
from shared.telemetry.metrics import exposition
from shared.version import SERVICE, service_version

router = APIRouter(tags=["probes"], responses=problems(Bug))
_TEXT = {"schema": {"type": "string"}}
_EXPOSITION: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/plain": _TEXT, "application/openmetrics-text": _TEXT}}
}
F = TypeVar("F", bound=Callable[..., Any])


def probe(path: str, **options: Any) -> Callable[[F], F]:
    """Register a route for GET and for HEAD, which some load balancers send.

    HEAD is left out of OpenAPI, where it would be a second operation of the same name.
    """

    def register(function: F) -> F:
        router.head(path, include_in_schema=False, **options)(function)
        return router.get(path, **options)(function)

    return register


@probe("/health")
async def get_health() -> Health:
    """Report that this process answers."""
    return Health(status="ok", service=SERVICE, version=service_version())


@probe("/health/live")
async def get_liveness() -> Liveness:
    """Report that this process need not be restarted. Checks no dependency."""
    return Liveness(status="ok")


@probe(
    "/health/ready",
    response_model_exclude_unset=True,
    responses={503: {"model": Readiness, "description": "No work can be accepted"}},
)
async def get_readiness(front: FrontDep, response: Response) -> Readiness:
    """Report every check. Answers 503 if no work can be accepted.

    While the components of the workers load, it answers 200 and `degraded`, because jobs are
    accepted meanwhile. Fronts therefore keep their traffic when all workers are replaced at once.
    """
    status, checks = await readiness(front)
    if status == "error":
        response.status_code = 503
    named = {name: Check.model_validate(check) for name, check in checks.items()}
    if status == "loading":
        status = "degraded"
    return Readiness(status=status, checks=named, version=service_version())


@probe(
    "/health_check",
    response_model_exclude_unset=True,
    responses={503: {"model": HealthCheck, "description": "Something is not fine"}},
)
async def get_health_check(front: FrontDep, response: Response) -> HealthCheck:
    """Report the checks of `/health/ready` by service. Answers 503 unless all of them are fine.

    The status is `loading` until every queue has a worker that has loaded its components.
    """
    status, checks = await readiness(front)
    if status != "ok":
        response.status_code = 503
    return summary(status, checks, service_version())


@probe(
    "/metrics",
    response_class=Response,
    dependencies=[IDENTIFIED],
    responses={**_EXPOSITION, **problems(*STORED)},
)
async def get_metrics(front: FrontDep, request: Request) -> Response:
    """Return the metrics as Prometheus text, or as OpenMetrics with exemplars if asked for."""
    await front.metrics.refresh()
    content, content_type = exposition(front.metrics.registry, request.headers.get("accept", ""))
    return Response(content, headers={"Content-Type": content_type})

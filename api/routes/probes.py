"""Probes, and metrics for Prometheus."""

from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response

from api.front import FrontDep
from api.health.health_check import summary
from api.health.readiness import readiness
from shared.contracts.health import Check, Health, HealthCheck, Liveness, Readiness
from shared.telemetry.metrics import exposition
from shared.version import SERVICE, service_version

router = APIRouter(tags=["probes"])
F = TypeVar("F", bound=Callable[..., Any])


def probe(path: str, **options: Any) -> Callable[[F], F]:
    """Answer GET and HEAD, which some load balancers send, at `path`. HEAD is left out of OpenAPI,
    where it would be a second operation of the same name."""

    def register(function: F) -> F:
        router.head(path, include_in_schema=False, **options)(function)
        return router.get(path, **options)(function)

    return register


@probe("/health")
async def health() -> Health:
    """This process answers."""
    return Health(status="ok", service=SERVICE, version=service_version())


@probe("/health/live")
async def live() -> Liveness:
    """This process need not be restarted. Asks no dependency."""
    return Liveness(status="ok")


@probe("/health/ready", response_model_exclude_unset=True, responses={503: {"model": Readiness}})
async def ready(front: FrontDep, response: Response) -> Readiness:
    """Whether work can be accepted (else 503) and whether all that does it is there.

    `degraded` and 200 while the engines load: jobs are accepted meanwhile, and while all workers
    are replaced at once, no front may be taken away for it.
    """
    status, checks = await readiness(front)
    if status == "error":
        response.status_code = 503
    named = {name: Check.model_validate(check) for name, check in checks.items()}
    if status == "loading":
        status = "degraded"
    return Readiness(status=status, checks=named, version=service_version())


@probe("/health_check", response_model_exclude_unset=True, responses={503: {"model": HealthCheck}})
async def health_check(front: FrontDep, response: Response) -> HealthCheck:
    """The same checks put together, for people and load balancers: 503 unless all is well.

    `loading` until every queue has a worker that has loaded its engines.
    """
    status, checks = await readiness(front)
    if status != "ok":
        response.status_code = 503
    return summary(status, checks, service_version())


@probe("/metrics", response_class=Response)
async def metrics(front: FrontDep, request: Request) -> Response:
    """What Prometheus scrapes: its text, or OpenMetrics with exemplars when asked for."""
    await front.metrics.refresh()
    content, content_type = exposition(front.metrics.registry, request.headers.get("accept", ""))
    return Response(content, headers={"Content-Type": content_type})

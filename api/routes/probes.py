"""Probes, and metrics for Prometheus."""

from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.dependencies import FrontDep
from api.readiness import readiness
from shared.version import SERVICE, service_version

router = APIRouter(tags=["probes"])


@router.get("/health")
async def health() -> dict[str, str]:
    """This process answers."""
    return {"status": "ok", "service": SERVICE, "version": service_version()}


@router.get("/health/live")
async def live() -> dict[str, str]:
    """This process need not be restarted. Asks no dependency."""
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(front: FrontDep, response: Response) -> dict[str, Any]:
    """Whether work can be accepted (else 503) and whether all that does it is there."""
    status, checks = await readiness(front)
    if status == "error":
        response.status_code = 503
    return {"status": status, "checks": checks, "version": service_version()}


@router.get("/metrics", response_class=Response)
async def metrics(front: FrontDep) -> Response:
    """What Prometheus scrapes."""
    await front.metrics.refresh(front.database)
    return Response(generate_latest(front.metrics.registry), media_type=CONTENT_TYPE_LATEST)

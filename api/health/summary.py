"""The checks of readiness, grouped into the three services that `/health_check` reports."""

from typing import Any

from api.health.readiness import CheckFields, overall
from shared.contracts.service.health import HealthCheck, HealthStatus

# All other checks are those of components.
_NOT_COMPONENTS = ("database", "redis", "queue", "workers", "image_store")


def summary(status: HealthStatus, checks: dict[str, CheckFields], version: str) -> HealthCheck:
    """Group all checks by service. `status` is the overall status that readiness found."""
    workers, queue, redis = checks["workers"], checks["queue"], checks["redis"]
    store = {name: checks[name] for name in ("image_store",) if name in checks}
    components = {name: check for name, check in checks.items() if name not in _NOT_COMPONENTS}
    services: dict[str, Any] = {
        "database": checks["database"],
        "ai_service": {
            "status": overall("workers", {"workers": workers, **components}),
            "workers": workers,
            "engines": components,
        },
        "queue": {
            "status": overall("queue", {"queue": queue, "redis": redis, **store}),
            "broker": redis,
            **store,
        },
    }
    if "waiting" in queue:
        services["queue"]["waiting"] = queue["waiting"]
    return HealthCheck.model_validate({"status": status, "services": services, "version": version})

"""The checks of readiness, put together into the three services that an operator thinks of."""

from typing import Any

from api.health.readiness import CheckFields, overall
from shared.contracts.health import HealthCheck, HealthStatus

# Every other check is a component's.
_NO_COMPONENTS = ("database", "redis", "queue", "workers")


def summary(status: HealthStatus, checks: dict[str, CheckFields], version: str) -> HealthCheck:
    """The composite of all checks; `status` is readiness's own."""
    workers, queue, redis = checks["workers"], checks["queue"], checks["redis"]
    components = {name: check for name, check in checks.items() if name not in _NO_COMPONENTS}
    services: dict[str, Any] = {
        "database": checks["database"],
        "ai_service": {
            "status": overall("workers", {"workers": workers, **components}),
            "workers": workers,
            "engines": components,
        },
        "queue": {
            "status": overall("queue", {"queue": queue, "redis": redis}),
            "broker": redis,
        },
    }
    if "waiting" in queue:
        services["queue"]["waiting"] = queue["waiting"]
    return HealthCheck.model_validate({"status": status, "services": services, "version": version})

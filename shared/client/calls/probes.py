"""The calls about the health of the service. None names a tenant."""

from shared.client.http import Call
from shared.contracts.service.health import Health, HealthCheck, Liveness, Readiness

_UNAVAILABLE = frozenset({503})


def health() -> Call[Health]:
    """Return the name and version of the service that answers."""
    return Call("GET", "/health", Health, owned=False)


def live() -> Call[Liveness]:
    """Ask whether the front is alive. It checks no dependency."""
    return Call("GET", "/health/live", Liveness, owned=False)


def ready() -> Call[Readiness]:
    """Return every check, also with status 503: `status` is `error` if no work is accepted."""
    return Call("GET", "/health/ready", Readiness, owned=False, also=_UNAVAILABLE)


def health_check() -> Call[HealthCheck]:
    """Return the checks by service, also with status 503: look at `status`."""
    return Call("GET", "/health_check", HealthCheck, owned=False, also=_UNAVAILABLE)

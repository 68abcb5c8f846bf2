"""Validation at startup of a calling program: what is wrong with the service, and what to do."""

import logging
from dataclasses import asdict, dataclass
from typing import Literal

from shared.client.errors import ServiceUnreachable
from shared.contracts.service.health import Check, Readiness
from shared.errors import ServiceError, Unavailable
from shared.rejections import Exposed, Forbidden, Unauthenticated

log = logging.getLogger(__name__)

_REMEDIES = {
    "database": "Start Postgres or correct its DATABASE_URL; until then nothing is accepted.",
    "redis": "Start Redis or correct its REDIS_URL; until then jobs are accepted and wait.",
    "queue": "The queue is counted in the database: see the check `database`.",
    "workers": "Start workers (python -m worker) that serve every queue; until then jobs wait.",
}
_ELSE = "Read the logs of the service and of its workers."
_LOADING = "Wait a few seconds: the workers are loading their components."
_START = "Start the service, or correct AI_SERVICE_URL."
_REFUSED = "Set AI_SERVICE_TOKEN; `grocery-ai token create`, beside the database, makes a token."
_EXPOSED = "Set AUTH=tokens in the environment of the front."
_NOT_OURS = "Correct AI_SERVICE_URL, or repair the proxy between here and the service."
# What refuses the caller, whatever it asks for. The probes need no token, so they do not say so.
REFUSALS = (Unauthenticated, Forbidden, Exposed)
# Statuses of a check that are no shortcoming: the component works, or is not needed.
_FINE = ("ok", "available", "not_loaded", "not_installed")


@dataclass(frozen=True)
class Shortcoming:
    """One thing that is wrong with the service, and what to do about it."""

    check: str
    wrong: str
    remedy: str


@dataclass(frozen=True)
class Validation:
    """The result of a validation. `status` is the service's own, or `unreachable`.

    It is `error` too if the service refuses this caller, whatever it asks for.
    """

    status: Literal["ok", "loading", "degraded", "error", "unreachable"]
    shortcomings: tuple[Shortcoming, ...]

    @property
    def ok(self) -> bool:
        """Whether the service is ready, with nothing left to do."""
        return self.status == "ok"


def validation(seen: Readiness | ServiceError) -> Validation:
    """Assess an answer of `/health/ready`, the failure to get one, or one of the REFUSALS."""
    if isinstance(seen, REFUSALS):
        remedy = _EXPOSED if isinstance(seen, Exposed) else _REFUSED
        return Validation("error", (Shortcoming("token", seen.detail, remedy),))
    if isinstance(seen, ServiceError):
        remedy = _START if isinstance(seen, ServiceUnreachable) else _NOT_OURS
        return Validation("unreachable", (Shortcoming("connection", seen.detail, remedy),))
    shortcomings = tuple(
        Shortcoming(name, _wrong(check), _remedy(name, check))
        for name, check in seen.checks.items()
        if check.status not in _FINE
    )
    return Validation(seen.status, () if seen.status == "ok" else shortcomings)


def report(url: str, seen: Readiness | ServiceError, *, fail_fast: bool) -> Validation:
    """Log a warning for each shortcoming, and return them all.

    With `fail_fast`, raises instead: ServiceUnreachable, or Unavailable with every shortcoming.
    """
    found = validation(seen)
    if found.ok:
        log.info("ai_service.ready: %s", url, extra={"url": url})
    elif not fail_fast:
        for shortcoming in found.shortcomings:
            log.warning(
                "ai_service.not_ready: %s: %s %s",
                shortcoming.check,
                shortcoming.wrong,
                shortcoming.remedy,
                extra={"url": url, "status": found.status, **asdict(shortcoming)},
            )
    elif isinstance(seen, ServiceUnreachable):
        raise seen
    else:
        sentences = " ".join(
            f"{shortcoming.check}: {shortcoming.wrong} {shortcoming.remedy}"
            for shortcoming in found.shortcomings
        )
        cause = seen if isinstance(seen, ServiceError) else None
        raise Unavailable(f"{url} is {found.status}. {sentences}") from cause
    return found


def _remedy(name: str, check: Check) -> str:
    return _LOADING if check.status == "loading" else _REMEDIES.get(name, _ELSE)


def _wrong(check: Check) -> str:
    if check.error:
        return check.error
    if check.alive is not None:
        return f"{check.alive} alive, serving {', '.join(check.queues or ()) or 'no queue'}."
    return f"It is {check.status}."

"""All expected errors, as one tree.

ServiceError
├── BadInput             the request itself is at fault; never retried (`shared/rejections.py`)
├── Transient            a dependency failed for a moment; retried with backoff
│   ├── DatabaseUnavailable
│   │   ├── DatabaseReadOnly
│   │   └── Busy
│   └── BrokerUnavailable
├── Unavailable          it cannot be done now; refused, or put back without spending an attempt
│   ├── SchemaBehind
│   ├── EngineUnavailable
│   ├── DependencyMissing
│   ├── PortTaken
│   ├── QueueFull
│   ├── QuotaExceeded
│   ├── RateLimited
│   ├── Draining
│   ├── NoWorker
│   ├── Loading
│   └── StillRunning
├── TimedOut             the work exceeded the time limit of its feature
├── Crashed              the process that did the work died (RecognitionCrashed if it read an image)
├── Cancelled            somebody cancelled the job
└── Bug                  an exception nobody foresaw; the details are only in the logs

The error class decides what happens next. `code` is a stable word, in HTTP answers and on the job.
`detail` is a sentence that anyone may see. `api/errors.py` decides the HTTP status. The Python
client raises the same exceptions, and those of `shared/client/errors.py`, which occur only there.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar


class ErrorClass(StrEnum):
    """What decides how an error is handled: whether the job is retried, and the HTTP status."""

    BAD_INPUT = "bad_input"
    TRANSIENT = "transient"
    UNAVAILABLE = "unavailable"
    TIMEOUT = "timeout"
    CRASHED = "crashed"
    CANCELLED = "cancelled"
    BUG = "bug"

    @property
    def retryable(self) -> bool:
        """Whether the same request may succeed later without being changed."""
        return self not in (ErrorClass.BAD_INPUT, ErrorClass.CANCELLED)


class ServiceError(Exception):
    """The base of all expected errors. `detail` must be safe to show to callers.

    `retry_after`: in how many seconds to ask again, if that is known. `place`: where in our code a
    bug happened. `problem`: in a client, the whole problem document, or else empty.
    """

    error_class: ClassVar[ErrorClass]
    code: str
    detail: str
    retry_after: int | None = None
    place: str | None = None
    problem: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, detail: str | None = None, *, retry_after: int | None = None) -> None:
        self.detail = detail or self.detail
        self.retry_after = retry_after or self.retry_after
        super().__init__(self.detail)


class BadInput(ServiceError):
    """The request cannot be served, now or later."""

    error_class = ErrorClass.BAD_INPUT
    code = "bad_input"
    detail = "The request cannot be served as it is."


class Transient(ServiceError):
    """Postgres, Redis or the network failed for a moment."""

    error_class = ErrorClass.TRANSIENT
    code = "transient"
    detail = "A dependency did not answer; try again."


class DatabaseUnavailable(Transient):
    """Postgres cannot be reached, or it dropped the connection."""

    code = "database_unavailable"
    detail = "The database does not answer; try again shortly."
    retry_after = 1


class DatabaseReadOnly(DatabaseUnavailable):
    """Postgres answers but takes no writes, as a standby does until a failover is complete."""

    code = "database_read_only"
    detail = "The database takes no writes at the moment; try again shortly."
    retry_after = 2


class Busy(DatabaseUnavailable):
    """Postgres answers, but this process has so much to do that a transaction took too long.
    Whoever can wait for Postgres waits in the same way, so it is a DatabaseUnavailable."""

    code = "busy"
    detail = "This server has too much to do at the moment; try again shortly."
    retry_after = 2


class BrokerUnavailable(Transient):
    """Redis cannot be reached, or it dropped the connection."""

    code = "broker_unavailable"
    detail = "Redis does not answer; try again shortly."


class Unavailable(ServiceError):
    """The service cannot do it now, but perhaps after `retry_after` seconds."""

    error_class = ErrorClass.UNAVAILABLE
    code = "unavailable"
    detail = "The service cannot take this request now."
    retry_after = 5


class SchemaBehind(Unavailable):
    """The database lacks a migration."""

    code = "schema_behind"
    detail = "The database schema is behind this version; run bin/migrate."
    retry_after = 30


class EngineUnavailable(Unavailable):
    """A component cannot be loaded: it, its model, or a good knowledge file is missing."""

    code = "engine_unavailable"
    detail = "A component that the settings name is not available."
    retry_after = 30


class DependencyMissing(Unavailable):
    """A dependency is missing at startup, and REQUIRE_DEPENDENCIES forbids to wait for it."""

    code = "dependency_missing"
    detail = "A dependency is missing, and REQUIRE_DEPENDENCIES is set."


class PortTaken(Unavailable):
    """A process cannot listen on the address and port of its settings."""

    code = "port_taken"
    detail = "The process cannot listen on its port."


class QueueFull(Unavailable):
    """The queue has reached a limit. `retry_after` is estimated from the pace of the workers."""

    code = "queue_full"
    detail = "Too much work is waiting; try again later."


class QuotaExceeded(Unavailable):
    """The tenant has as much stored as its quota allows, until some of it is deleted."""

    code = "quota_exceeded"
    detail = "The tenant has as much stored as its quota allows."
    retry_after = 3600


class RateLimited(Unavailable):
    """The token or the tenant has sent as many requests as RATE_LIMIT_TOKEN or _TENANT allow."""

    code = "rate_limited"
    detail = "Too many requests in a short time; try again later."


class Draining(Unavailable):
    """This front is stopping; another one will take the same request."""

    code = "draining"
    detail = "This server is shutting down; send the request again."
    retry_after = 2


class NoWorker(Unavailable):
    """No worker serves the queue of a waiting call; its job stays queued until one does."""

    code = "no_worker"
    detail = "No worker serves the queue; the job waits, and the same request will find it."


class Loading(Unavailable):
    """A waiting call reached its time limit while the workers were loading their components."""

    code = "loading"
    detail = "The workers are loading; the job waits, and the same request will find it."
    retry_after = 2


class StillRunning(Unavailable):
    """A waiting call reached its time limit; its job continues, and the same call finds it."""

    code = "still_running"
    detail = "The job is not done yet; it continues, and the same request will find it."
    retry_after = 2


class TimedOut(ServiceError):
    """The work exceeded the time limit of its feature."""

    error_class = ErrorClass.TIMEOUT
    code = "timeout"
    detail = "The work took longer than its limit."


class Crashed(ServiceError):
    """The process that did the work died, or its worker lost the lease."""

    error_class = ErrorClass.CRASHED
    code = "crashed"
    detail = "The process that worked on this job died."


class RecognitionCrashed(Crashed):
    """The recognition child died: killed, out of memory, or because of a hostile image."""

    code = "recognition_crashed"
    detail = "The process that read the image died."


class Cancelled(ServiceError):
    """Somebody cancelled the job."""

    error_class = ErrorClass.CANCELLED
    code = "cancelled"
    detail = "The job was cancelled."


class Bug(ServiceError):
    """An unforeseen exception. Its text stays in the logs."""

    error_class = ErrorClass.BUG
    code = "internal_error"
    detail = "An internal error occurred; it has been logged."

"""Everything that can go wrong and is expected to, as one tree.

ServiceError
├── BadInput             the request itself; never retried (its leaves: `shared/rejections.py`)
├── Transient            a hiccup of something we depend on; retried with backoff
│   ├── DatabaseUnavailable
│   └── BrokerUnavailable
├── Unavailable          cannot be done now; refused, or put back without spending an attempt
│   ├── SchemaBehind
│   ├── EngineUnavailable
│   ├── DependencyMissing
│   ├── PortTaken
│   ├── QueueFull
│   ├── Draining
│   └── StillRunning
├── TimedOut             over the time limit of its feature
├── Crashed              the process that ran it died
│   └── RecognitionCrashed
├── Cancelled            somebody asked for it
└── Bug                  an exception nobody foresaw; details only in logs

The class decides what happens next, the `code` is the stable word in HTTP answers and on the job,
and `detail` is a sentence that may be shown to anyone. HTTP statuses live in `api/errors.py`.
The client raises the same classes, and those of `shared/client/errors.py` for what only it meets.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any, ClassVar


class ErrorClass(StrEnum):
    """The one word that decides what happens to a failed job. Same words everywhere."""

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
    """Base of all expected failures. `detail` must be fit for the caller's eyes.

    `retry_after`: seconds until it is worth asking again, None when nobody knows. `problem`: in a
    client, the whole problem document as it came; empty for what did not come as one.
    """

    error_class: ClassVar[ErrorClass]
    code: str
    detail: str
    retry_after: int | None = None
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
    """A hiccup of the database, the broker or the network."""

    error_class = ErrorClass.TRANSIENT
    code = "transient"
    detail = "A dependency did not answer; try again."


class DatabaseUnavailable(Transient):
    """Postgres cannot be reached or dropped the connection."""

    code = "database_unavailable"
    detail = "The database does not answer; try again shortly."


class BrokerUnavailable(Transient):
    """Redis cannot be reached or dropped the connection."""

    code = "broker_unavailable"
    detail = "The queue does not answer; try again shortly."


class Unavailable(ServiceError):
    """Cannot be done now, but after `retry_after` seconds perhaps."""

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
    """A component that the settings name cannot be had: not installed, no model, no network."""

    code = "engine_unavailable"
    detail = "An engine that the settings name is not available."
    retry_after = 30


class DependencyMissing(Unavailable):
    """A process that may not start without its dependencies lacks one."""

    code = "dependency_missing"
    detail = "A dependency is missing, and REQUIRE_DEPENDENCIES is set."


class PortTaken(Unavailable):
    """Nothing can be served where the settings say."""

    code = "port_taken"
    detail = "The port cannot be listened on."


class QueueFull(Unavailable):
    """More waits than workers can do in good time. Raised with a `retry_after` made from their
    pace."""

    code = "queue_full"
    detail = "Too much work is waiting; try again later."


class Draining(Unavailable):
    """This front is stopping; another one, or the next, takes the same request."""

    code = "draining"
    detail = "This server is shutting down; send the request again."
    retry_after = 2


class StillRunning(Unavailable):
    """A waiting call reached its time limit; its job goes on, and the same call finds it."""

    code = "still_running"
    detail = "The job is not done yet; it goes on, and the same request will find it."
    retry_after = 2


class TimedOut(ServiceError):
    """The pipeline went over the time limit of its feature."""

    error_class = ErrorClass.TIMEOUT
    code = "timeout"
    detail = "The work took longer than its limit."


class Crashed(ServiceError):
    """The process that ran the job died."""

    error_class = ErrorClass.CRASHED
    code = "crashed"
    detail = "The process that worked on this job died."


class RecognitionCrashed(Crashed):
    """The recognition child died: killed, out of memory, or a hostile image."""

    code = "recognition_crashed"
    detail = "The process that read the image died."


class Cancelled(ServiceError):
    """The job was cancelled on request."""

    error_class = ErrorClass.CANCELLED
    code = "cancelled"
    detail = "The job was cancelled."


class Bug(ServiceError):
    """An unforeseen exception. Its text stays in the logs."""

    error_class = ErrorClass.BUG
    code = "internal_error"
    detail = "An internal error occurred; it has been logged."

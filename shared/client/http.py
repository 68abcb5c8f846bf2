"""One HTTP call: builds the request, and turns the answer into a result or an error of ours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import KW_ONLY, dataclass, field
from typing import Any, Generic, Literal, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from shared import errors, image_errors, rejections
from shared.client.connections import timeouts
from shared.client.errors import GatewayFailed, ServiceUnreachable, UnexpectedAnswer
from shared.client.traces import trace_headers
from shared.contracts.problems import Problem
from shared.errors import ErrorClass, ServiceError

M = TypeVar("M", bound=BaseModel)

EVENT_STREAM = "text/event-stream"

_BASES: dict[ErrorClass, type[ServiceError]] = {
    ErrorClass.BAD_INPUT: errors.BadInput,
    ErrorClass.TRANSIENT: errors.Transient,
    ErrorClass.UNAVAILABLE: errors.Unavailable,
    ErrorClass.TIMEOUT: errors.TimedOut,
    ErrorClass.CRASHED: errors.Crashed,
    ErrorClass.CANCELLED: errors.Cancelled,
    ErrorClass.BUG: errors.Bug,
}
# The most digits of a Retry-After that is believed: int() raises for thousands of them.
_LONGEST_NUMBER = 9


@dataclass(frozen=True)
class Call(Generic[M]):
    """Everything about one call except the service's URL and the client's tenant.

    The body is `json`, or a multipart `form` with a `file`. `owned`: the tenant is sent, in the
    body if there is one, else in the query. `repeatable`: sending the call twice does not do the
    work twice. `timeout`: seconds, or None for the client's. `also`: statuses other than 2xx that
    carry the answer. `read`: makes the answer of a response that is no JSON, or raises ValueError.
    """

    method: Literal["GET", "POST", "DELETE"]
    path: str
    answer: type[M]
    _: KW_ONLY
    query: Mapping[str, str | float] = field(default_factory=dict)
    json: Mapping[str, Any] | None = None
    form: Mapping[str, str | Sequence[str]] | None = None
    file: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    owned: bool = True
    repeatable: bool = True
    timeout: float | None = None
    also: frozenset[int] = frozenset()
    read: Callable[[httpx.Response], M] | None = None


def request(call: Call[M], tenant_id: str) -> dict[str, Any]:
    """Return the arguments of httpx's `request`, with the current trace unless the call has one."""
    owner = {"tenant_id": tenant_id} if call.owned else {}
    trace = {} if "traceparent" in call.headers else trace_headers()
    parts: dict[str, Any] = {
        "method": call.method,
        "url": call.path,
        "headers": {**trace, **call.headers},
    }
    if call.json is not None:
        parts["json"] = {**owner, **call.json}
    elif call.form is not None:
        parts["data"] = {**owner, **call.form}
        parts["files"] = {"file": ("receipt", call.file)}
    else:
        parts["params"] = {**owner, **call.query}
    if call.timeout is not None:
        parts["timeout"] = timeouts(call.timeout)
    return parts


@contextmanager
def reaching(url: str) -> Iterator[None]:
    """Raise httpx's exceptions as ours.

    They become ServiceUnreachable if there is no answer, and UnexpectedAnswer if there is one that
    httpx cannot decode.
    """
    try:
        yield
    except httpx.TransportError as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        raise ServiceUnreachable(f"{url} does not answer ({reason}).") from error
    except httpx.RequestError as error:
        raise UnexpectedAnswer(f"{url} sent an answer that cannot be decoded ({error}).") from error


def result(call: Call[M], answer: httpx.Response) -> M:
    """Return the answer that the call promises. Raises the error that came instead."""
    if answer.is_success or answer.status_code in call.also:
        try:
            if call.read:
                return call.read(answer)
            return call.answer.model_validate_json(answer.content)
        except ValueError as error:
            if answer.is_success:
                raise UnexpectedAnswer(_described(answer)) from error
    raise failure(answer)


def is_event_stream(answer: httpx.Response) -> bool:
    """Whether the answer is a stream of server-sent events."""
    return answer.is_success and answer.headers.get("content-type", "").startswith(EVENT_STREAM)


def failure(answer: httpx.Response) -> ServiceError:
    """Return the error that an answer stands for. Its body has to be read already."""
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        kind = GatewayFailed if answer.is_server_error else UnexpectedAnswer
        error: ServiceError = kind(_described(answer))
    else:
        error = service_error(problem.error, problem.error_class, problem.detail)
        # The actual status counts, whatever the document says.
        error.problem = {**answer.json(), "status": answer.status_code}
    error.retry_after = _retry_after(answer)
    return error


def service_error(code: str, error_class: ErrorClass, detail: str) -> ServiceError:
    """Return an error of the class with this code if there is one, else of its error class."""
    base = _BASES[error_class]
    known: list[type[ServiceError]] = [
        kind
        for module in (errors, image_errors, rejections)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, base)
    ]
    error = next((kind for kind in known if kind.code == code), base)(detail)
    error.code = code
    return error


def _described(answer: httpx.Response) -> str:
    request = answer.request
    where = request.url.copy_with(userinfo=b"", query=None)
    kind = answer.headers.get("content-type", "no content type")
    return (
        f"{request.method} {where} was answered with {answer.status_code} and {kind}, "
        "which the service never does for this call."
    )


def _retry_after(answer: httpx.Response) -> int | None:
    """Return the seconds, or None. A date, which a proxy may send, is not supported."""
    value = answer.headers.get("retry-after", "").strip()
    return int(value) if value.isdecimal() and len(value) <= _LONGEST_NUMBER else None

"""Problem documents (RFC 9457) for every failure. Only this module decides HTTP statuses."""

from http import HTTPStatus

import structlog
from fastapi import FastAPI, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.requests.context import adopt_request_id, request_id_of
from api.requests.explanations import explain
from shared import errors, rejections
from shared.contracts.jobs import JobError
from shared.contracts.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE, FieldProblem, Problem
from shared.errors import ErrorClass, ServiceError
from shared.telemetry.described_errors import describe
from shared.telemetry.trace_context import current_trace_id

log = structlog.get_logger(__name__)

STATUS_BY_CLASS: dict[ErrorClass, HTTPStatus] = {
    ErrorClass.BAD_INPUT: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorClass.TRANSIENT: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorClass.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
    ErrorClass.TIMEOUT: HTTPStatus.GATEWAY_TIMEOUT,
    ErrorClass.CRASHED: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorClass.CANCELLED: HTTPStatus.CONFLICT,
    ErrorClass.BUG: HTTPStatus.INTERNAL_SERVER_ERROR,
}
# Codes whose status is more specific than that of their class.
STATUS_BY_CODE: dict[str, HTTPStatus] = {
    rejections.MalformedBody.code: HTTPStatus.BAD_REQUEST,
    rejections.Unauthenticated.code: HTTPStatus.UNAUTHORIZED,
    rejections.Forbidden.code: HTTPStatus.FORBIDDEN,
    rejections.Exposed.code: HTTPStatus.FORBIDDEN,
    rejections.JobNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.ImageNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.ImageDeleted.code: HTTPStatus.GONE,
    rejections.QueueNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.WorkerNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.BulkOperationNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.SchemaNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.DeliveryNotFound.code: HTTPStatus.NOT_FOUND,
    rejections.NotCancellable.code: HTTPStatus.CONFLICT,
    rejections.NotRetryable.code: HTTPStatus.CONFLICT,
    rejections.RequestTooLarge.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    rejections.ImageTooLarge.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    rejections.ImageTooManyPixels.code: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    rejections.ImageUnsupported.code: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    # Every call needs the database, so without it the front itself is unavailable.
    errors.DatabaseUnavailable.code: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.DatabaseReadOnly.code: HTTPStatus.SERVICE_UNAVAILABLE,
    errors.Busy.code: HTTPStatus.SERVICE_UNAVAILABLE,
}
# Our codes for rejections by the framework.
_CODE_BY_STATUS = {
    HTTPStatus.BAD_REQUEST: rejections.MalformedBody.code,
    HTTPStatus.NOT_FOUND: "not_found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: rejections.RequestTooLarge.code,
}
# The headers that a request with a body has.
_LENGTHS = (b"content-length", b"transfer-encoding")
_RETRY_AFTER = errors.Unavailable.retry_after
# Clients repeat a GET by themselves, often three times, while somebody waits for them; seconds.
_LONGEST_RETRY_AFTER_OF_READS = 2


class JobFailed(Exception):
    """The job of a waiting call has no result: it ended without one, or was put back."""

    def __init__(self, error: JobError) -> None:
        self.error = error
        super().__init__(error.code)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every exception that a route raises with a problem document."""
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(JobFailed, _job_failed)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(TooLargeAsProblem)
    app.add_middleware(BugAsProblem)


class TooLargeAsProblem:
    """ASGI middleware that replaces the framework's plain-text 413 with a problem document.

    The framework answers a body whose Content-Length is too large before any handler is asked.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not any(name in _LENGTHS for name, _ in scope.get("headers", ())):
            await self._app(scope, receive, send)
            return
        replacing = False

        async def send_or_replace(message: Message) -> None:
            nonlocal replacing
            if message["type"] == "http.response.start" and message["status"] == 413:
                replacing = "problem" not in Headers(raw=message["headers"])["content-type"]
            if not replacing:
                await send(message)
            elif message["type"] == "http.response.start":
                error = rejections.RequestTooLarge()
                problem = _problem(Request(scope), error.code, error.error_class, error.detail)
                await problem(scope, receive, send)

        await self._app(scope, receive, send_or_replace)


class BugAsProblem:
    """ASGI middleware that logs an unforeseen exception and answers with a problem document.

    It sits inside RequestContext, where the ids of the request are still known.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            if scope["type"] != "http" or begun:
                raise
            log.exception("request.bug")
            bug = errors.Bug()
            problem = _problem(Request(scope), bug.code, bug.error_class, bug.detail)
            await problem(scope, receive, send)


def status_of(code: str, error_class: ErrorClass) -> HTTPStatus:
    """Return the HTTP status for an error code: its own, or else that of its class."""
    return STATUS_BY_CODE.get(code, STATUS_BY_CLASS[error_class])


def problem_of(request: Request, error: ServiceError) -> JSONResponse:
    """Return the problem document of an error, and log it unless the caller is at fault."""
    if not isinstance(error, errors.BadInput):
        log.warning("request.refused", error=error.code, reason=describe(error.__cause__))
    return _problem(
        request, error.code, error.error_class, error.detail, retry_after=error.retry_after
    )


async def _service_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ServiceError)  # noqa: S101 (Starlette's signature is wider)
    return problem_of(request, error)


async def _job_failed(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, JobFailed)  # noqa: S101 (as above)
    job_error = error.error
    return _problem(request, job_error.code, job_error.error_class, job_error.detail)


async def _validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101 (as above)
    found = error.errors()
    if any(tuple(problem["loc"]) == ("path", "job_id") for problem in found):
        # No job has an id that is no UUID, and a caller need not know that ids are UUIDs.
        return problem_of(request, rejections.JobNotFound())
    explained = explain(found)
    if isinstance(error.body, dict):
        adopt_request_id(request, error.body.get("request_id"))
    code, detail, fields = explained.code, explained.detail, explained.fields
    return _problem(request, code, ErrorClass.BAD_INPUT, detail, fields=fields)


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101 (as above)
    status = HTTPStatus(error.status_code)
    code = _CODE_BY_STATUS.get(status, status.phrase.lower().replace(" ", "_"))
    answer = _problem(request, code, ErrorClass.BAD_INPUT, str(error.detail), status=status)
    answer.headers.update(error.headers or {})
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = _allowed(request, answer.headers.get("Allow", ""))
    return answer


def _allowed(request: Request, allowed: str) -> str:
    """Return every method of the path; the framework knows only those of one of its routes."""
    path = getattr(request.scope.get("route"), "path", None)
    documented = request.app.openapi()["paths"].get(path, {})
    return ", ".join(sorted({*filter(None, allowed.split(", ")), *map(str.upper, documented)}))


def _problem(
    request: Request,
    code: str,
    error_class: ErrorClass,
    detail: str,
    *,
    status: HTTPStatus | None = None,
    retry_after: int | None = None,
    fields: list[FieldProblem] | None = None,
) -> JSONResponse:
    status = status or status_of(code, error_class)
    problem = Problem(
        type=PROBLEM_TYPE + code,
        title=status.phrase,
        status=status,
        detail=detail,
        instance=request.url.path,
        error=code,
        error_class=error_class,
        retryable=error_class.retryable,
        request_id=request_id_of(request),
        trace_id=current_trace_id(),
        fields=fields,
    )
    answer = JSONResponse(
        jsonable_encoder(problem), status_code=status, media_type=PROBLEM_MEDIA_TYPE
    )
    if status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = _retry_after(request, retry_after or _RETRY_AFTER)
        # Erlang's `httpc` repeats a 503 by itself, endlessly and without a word to its caller, if
        # this has fewer than three digits.
        answer.headers["Retry-After"] = f"{seconds:03}"
    return answer


def _retry_after(request: Request, seconds: int) -> int:
    """Return after how many seconds a caller shall repeat the request, at most 2 for a read."""
    reads = request.method in ("GET", "HEAD")
    return min(seconds, _LONGEST_RETRY_AFTER_OF_READS) if reads else seconds

"""Who may read the metrics of a worker, whose probes are open to everybody."""

from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.access.exposure import exposure
from shared.access.tokens import read_token
from shared.contracts.problems import PROBLEM_MEDIA_TYPE, PROBLEM_TYPE, Problem
from shared.dependencies import answer_within
from shared.errors import ServiceError
from shared.rejections import Exposed, Unauthenticated
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens

_STATUS = {
    Unauthenticated.code: HTTPStatus.UNAUTHORIZED,
    Exposed.code: HTTPStatus.FORBIDDEN,
}


class MetricsAccess:
    """Decides as a front does: by a token, unless METRICS_OPEN or AUTH make that unnecessary."""

    def __init__(self, settings: Settings, tokens: KnownTokens) -> None:
        self._settings = settings
        self._tokens = tokens

    async def refusal(self, request: Request) -> JSONResponse | None:
        """Return the answer to whoever may not read them, or None."""
        try:
            await self._check(request)
        except ServiceError as error:
            return _problem(request, error)
        return None

    async def _check(self, request: Request) -> None:
        settings, headers = self._settings, request.headers
        if settings.metrics_open:
            return
        if not settings.needs_tokens:
            if exposure(
                request.scope,
                on_loopback=settings.on_loopback,
                allowed_hosts=settings.allowed_hosts,
            ):
                raise Exposed
            return
        sent = headers.getlist("authorization")
        if len(sent) != 1:
            raise Unauthenticated
        patience = settings.probe_patience
        found = self._tokens.find(read_token(sent[0].encode("latin-1")), outage=patience)
        await answer_within(found, 2 * patience)


def _problem(request: Request, error: ServiceError) -> JSONResponse:
    status = _STATUS.get(error.code, HTTPStatus.SERVICE_UNAVAILABLE)
    problem = Problem(
        type=PROBLEM_TYPE + error.code,
        title=status.phrase,
        status=status,
        detail=error.detail,
        instance=request.url.path,
        error=error.code,
        error_class=error.error_class,
        retryable=error.error_class.retryable,
        request_id=None,
        trace_id=None,
    )
    demanded = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(problem.model_dump(mode="json"), status, demanded, PROBLEM_MEDIA_TYPE)

"""ASGI middleware that finds out who calls, before anything is done with a body."""

import structlog
from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import ANYBODY, NOBODY, Caller
from api.access.foreign_forms import is_foreign_form
from api.access.sessions import (
    caller_of_session,
    is_of_console,
    needs_no_session,
    session_key,
)
from api.errors import problem_of
from shared.access.exposure import exposure
from shared.access.tokens import read_token
from shared.errors import ServiceError
from shared.rejections import Exposed, Forbidden, Unauthenticated
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens

log = structlog.get_logger(__name__)

# Whoever watches a service has no token, and has to see it in every state.
_PROBES = frozenset({"/health", "/health/live", "/health/ready", "/health_check"})
_METRICS = "/metrics"
# Where there is Tidewave, its own secret is in its path, and it checks Host and Origin as well.
_TIDEWAVE = "/tidewave"
# The page of the reference, whose files lie below it.
_REFERENCE = frozenset({"/", "/docs", "/openapi.json"})
_FILES = "/docs/"


class Authentication:
    """Refuses a request without a valid token, and puts the caller into `request.state.caller`.

    With AUTH=off the caller is ANYBODY, unless the request shows that it comes from elsewhere. A
    form on a web page of another origin is refused, whatever proves who calls.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._needs_tokens = settings.needs_tokens
        self._on_loopback = settings.on_loopback
        self._origins = frozenset(origin.encode() for origin in settings.cors_origins)
        self._reference_is_open = settings.environment != "production"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            try:
                is_open = self._is_open(scope["path"])
                if is_of_console(scope["path"]):
                    await self._recognise_visitor(scope)
                else:
                    scope["state"]["caller"] = NOBODY if is_open else await self._caller(scope)
                if is_foreign_form(scope, self._origins):
                    raise Forbidden("A form of a web page of another origin sent this request.")
            except ServiceError as error:
                await problem_of(Request(scope), error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _is_open(self, path: str) -> bool:
        if path in _PROBES:
            return True
        if path == _METRICS:
            return self._settings.metrics_open
        if path == _TIDEWAVE or path.startswith(f"{_TIDEWAVE}/"):
            return self._settings.debug
        if path in _REFERENCE or path.startswith(_FILES):
            return self._needs_tokens and self._reference_is_open
        return False

    async def _recognise_visitor(self, scope: Scope) -> None:
        """Note who visits the console, or why it is nobody, which the console shows as a page."""
        scope["state"].update(caller=NOBODY, refusal=None)
        if needs_no_session(scope["path"]):
            return
        try:
            if self._needs_tokens:
                front = scope["app"].state.front
                key = session_key(scope, self._settings)
                caller = await caller_of_session(key, front.database, front.tokens)
            else:
                caller = await self._caller(scope)
            scope["state"]["caller"] = caller
        except ServiceError as error:
            scope["state"]["refusal"] = error

    async def _caller(self, scope: Scope) -> Caller:
        """Return who calls. Raises Unauthenticated, Exposed, DatabaseUnavailable, SchemaBehind."""
        if not self._needs_tokens:
            if sign := exposure(
                scope,
                on_loopback=self._on_loopback,
                allowed_hosts=self._settings.allowed_hosts,
            ):
                raise Exposed(f"{Exposed.detail} The {sign} of the request shows that.")
            return ANYBODY
        sent = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(sent) != 1:
            raise Unauthenticated
        known: KnownTokens = scope["app"].state.front.tokens
        # In an outage operators need the metrics most, and no tenant's data is in them.
        outage = self._settings.probe_patience if scope["path"] == _METRICS else None
        token = await known.find(read_token(sent[0]), outage=outage)
        return Caller(token.id, token.scopes, token.tenants)


async def is_still_admitted(http: Request, known: KnownTokens) -> bool:
    """Return whether the token of a request that lasts has neither been revoked nor expired.

    While Postgres is away for longer than tokens count, nobody can say so, and it is not.
    """
    caller: Caller = http.state.caller
    if caller is ANYBODY:
        return True
    try:
        await known.find(read_token(http.headers["authorization"].encode("latin-1")))
    except ServiceError:
        return False
    return True


def warn_if_exposed(settings: Settings) -> None:
    """Log a warning if whoever reaches this process may do everything."""
    if not settings.needs_tokens and not settings.on_loopback:
        log.warning("auth.off", host=settings.host, advice="Set AUTH=tokens.")

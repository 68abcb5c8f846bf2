"""Decides who reaches Tidewave: whoever knows its token, on this machine, and no web page.

A page in a browser can have its own name resolve to 127.0.0.1 (DNS rebinding), and then no address
and no Origin shows that the request is foreign. The Host header does.
"""

import hmac
import secrets

import structlog
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.access.exposure import exposure

log = structlog.get_logger(__name__)

# Where Tidewave is mounted, and what follows it in the URLs that are answered.
MOUNT = "/tidewave"
_JSON = "application/json"


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(24)


class Guard:
    """ASGI middleware that passes requests for `/tidewave/<token>/…` on as `/tidewave/…`.

    All others for Tidewave are refused, and so are those that a web page or a proxy sent, or that
    name another host, and bodies that are not declared as JSON, which a form could send.
    """

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._prefix = f"{MOUNT}/{token}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or not (path == MOUNT or path.startswith(MOUNT + "/")):
            await self._app(scope, receive, send)
            return
        if (refusal := self._refusal(scope, path)) is not None:
            log.warning("tidewave.refused", reason=bytes(refusal.body).decode())
            await refusal(scope, receive, send)
            return
        rest = MOUNT + path[len(self._prefix) :]
        await self._app({**scope, "path": rest, "raw_path": rest.encode()}, receive, send)

    def _refusal(self, scope: Scope, path: str) -> Response | None:
        given = path[: len(self._prefix)]
        if not hmac.compare_digest(given.encode(), self._prefix.encode()):
            return PlainTextResponse("The URL with the token is in the front's log.", 404)
        if sign := exposure(scope, on_loopback=True):
            return PlainTextResponse(
                f"Tidewave answers programs on this machine only; see the {sign}.", 403
            )
        kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        if scope["method"] != "GET" and kind != _JSON:
            return PlainTextResponse(f"Tidewave takes {_JSON} only.", 415)
        return None

"""ASGI middleware that keeps some connections of a front for probes."""

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import problem_of
from api.metrics.requests import is_probe
from shared.errors import Busy

# The fraction of the connections that is kept: whoever watches a front opens a few.
_KEPT = 8


class CallLimit:
    """Refuses calls beyond seven eighths of the connections that a front may have.

    Waiting calls and event streams last long, and their connections are never closed for others.
    That of a call which was refused is idle, and makes way for a probe.
    """

    def __init__(self, app: ASGIApp, connections: int) -> None:
        """The front may have so many connections at once."""
        self._app = app
        self._free = connections - connections // _KEPT

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope):
            await self._app(scope, receive, send)
        elif self._free <= 0:
            busy = Busy("This front answers as many calls as it can; try again shortly.")
            await problem_of(Request(scope), busy)(scope, receive, send)
        else:
            self._free -= 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._free += 1

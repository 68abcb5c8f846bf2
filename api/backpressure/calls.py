"""ASGI middleware that shares the connections of a front between callers, and keeps some."""

from collections import Counter

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import ANYBODY
from api.errors import problem_of
from api.metrics.requests import is_probe
from shared.errors import Busy

# The fraction of the connections that is kept: whoever watches a front opens a few.
_KEPT = 8


class CallLimit:
    """Refuses calls beyond seven eighths of the connections that a front may have.

    Beyond three quarters, calls are refused to whoever has more than half of those that run.
    Waiting calls and event streams last long, and their connections are never closed for others.
    That of a call which was refused is idle, and makes way for a probe.
    """

    def __init__(self, app: ASGIApp, connections: int) -> None:
        """The front may have so many connections at once."""
        self._app = app
        self._most = connections - connections // _KEPT
        self._shared = connections * 3 // 4
        # How many calls of each caller run.
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope):
            await self._app(scope, receive, send)
            return
        caller: str = scope["state"]["caller"].name
        if self._is_refused(caller):
            busy = Busy("This front answers as many calls as it can; try again shortly.")
            await problem_of(Request(scope), busy)(scope, receive, send)
            return
        self._running[caller] += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running[caller] -= 1
            # Callers come and go.
            if not self._running[caller]:
                del self._running[caller]

    def _is_refused(self, caller: str) -> bool:
        total = self._running.total()
        is_greedy = caller != ANYBODY.name and self._running[caller] * 2 > total
        return total >= (self._shared if is_greedy else self._most)

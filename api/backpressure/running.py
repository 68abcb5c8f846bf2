"""How many of the connections of a front may be answered at once, and how many of one caller."""

from collections import Counter

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import ANYBODY
from api.errors import problem_of
from api.metrics.requests import is_probe
from shared.errors import Busy


class SharedConnections:
    """ASGI middleware that answers some requests with Busy before all connections are in use.

    Waiting calls and event streams last long, and their connections are never closed. A sixteenth
    of the connections is kept for probes, and for whoever hears that there are no more. Once three
    quarters are in use, whoever has more than half of these gets none in addition.
    """

    def __init__(self, app: ASGIApp, connections: int) -> None:
        self._app = app
        self._most = connections - min(connections - 1, max(1, connections // 16))
        self._shared = connections * 3 // 4
        self._running: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or is_probe(scope):
            await self._app(scope, receive, send)
            return
        caller: str = scope["state"]["caller"].name
        if self._is_refused(caller):
            await problem_of(Request(scope), Busy())(scope, receive, send)
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
        if total < self._shared:
            return False
        greedy = caller != ANYBODY.name and self._running[caller] * 2 > total
        return greedy or total >= self._most

"""Serves a worker's probes and metrics on a port of its own."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.access.security_headers import SecurityHeaders
from shared.contracts.service.health import (
    Check,
    Health,
    HealthStatus,
    Liveness,
    Readiness,
    without_details,
)
from shared.errors import Draining
from shared.process.listening import listen
from shared.serving.limits import ConnectionLimits
from shared.serving.protocol import bounded_protocol
from shared.settings import Settings
from shared.store.access.known_tokens import KnownTokens
from shared.telemetry.metrics import exposition
from shared.version import SERVICE, service_version
from worker.health.access import MetricsAccess
from worker.health.pulse import Pulse
from worker.telemetry.metrics import WorkerMetrics
from worker.telemetry.state import WorkerState

log = structlog.get_logger(__name__)

# Connections at once. Those who probe and scrape need a few.
_CONNECTIONS = 64
# Seconds that open requests have to finish when a worker stops.
_SHUTDOWN_LIMIT = 1


class Probes:
    """Answers probes from the state of the worker, its pulse and its dependencies."""

    def __init__(
        self,
        dependencies: Callable[[float], Awaitable[Mapping[str, str | None]]],
        state: WorkerState,
        pulse: Pulse,
        metrics: WorkerMetrics,
        settings: Settings,
        tokens: KnownTokens,
    ) -> None:
        """`dependencies` says of each why it is missing, and PROBE_PATIENCE within how many seconds
        each has to answer."""
        self._dependencies = dependencies
        self._state = state
        self._pulse = pulse
        self._metrics = metrics
        self._within = settings.probe_patience
        self._shows_details = settings.environment != "production"
        self._access = MetricsAccess(settings, tokens)

    def app(self) -> Starlette:
        """Return the application, with probes and `/metrics` at the same paths as on a front."""
        return Starlette(
            routes=[
                Route("/health", self._health),
                Route("/health/live", self._live),
                Route("/health/ready", self._ready),
                Route("/metrics", self._exposition),
            ],
            middleware=[Middleware(SecurityHeaders)],
        )

    async def _health(self, _request: Request) -> Response:
        health = Health(status="ok", service=f"{SERVICE}-worker", version=service_version())
        return JSONResponse(health.model_dump())

    async def _live(self, _request: Request) -> Response:
        """Answer 503 only if a restart would help. A draining worker has stopped its own polls."""
        stalled = [] if self._state.phase == "draining" else self._pulse.stalled()
        if not stalled:
            return JSONResponse(Liveness(status="ok").model_dump())
        check = Check(status="error", error=f"{', '.join(stalled)}: stalled")
        return JSONResponse(self._shown(check), 503)

    async def _ready(self, _request: Request) -> Response:
        """Answer 503 unless the worker takes jobs: `loading` while it loads, else `error`.

        The answer is 200 `degraded` if it lacks the component for some of its jobs.
        """
        asked = await self._dependencies(self._within)
        checks = {name: _check(why) for name, why in asked.items()}
        checks |= {
            name: Check.model_validate(report.model_dump(exclude_none=True))
            for name, report in self._state.components.items()
        }
        if self._state.phase == "loading":
            checks["engines"] = Check(status="loading")
        if self._state.phase == "draining":
            checks["draining"] = Check(status="error", error=Draining.detail)
        readiness = Readiness(status=_overall(checks), checks=checks, version=service_version())
        shown = {name: self._shown(check) for name, check in checks.items()}
        return JSONResponse(
            {**readiness.model_dump(exclude_unset=True), "checks": shown},
            503 if readiness.status in ("error", "loading") else 200,
        )

    def _shown(self, check: Check) -> dict[str, Any]:
        fields = check.model_dump(exclude_unset=True)
        return fields if self._shows_details else without_details(fields)

    async def _exposition(self, request: Request) -> Response:
        if refusal := await self._access.refusal(request):
            return refusal
        accept = request.headers.get("accept", "")
        content, content_type = exposition(self._metrics.registry, accept)
        return Response(content, headers={"Content-Type": content_type})


@asynccontextmanager
async def serving(app: Starlette, host: str, port: int) -> AsyncIterator[str]:
    """Serve `app` in this event loop while the block runs; yields its base URL.

    Port 0 stands for any free port. Raises PortTaken.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listen(host, port, "WORKER_PORT")]
        url = f"http://{host}:{sockets[0].getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http=bounded_protocol(ConnectionLimits(connections=_CONNECTIONS)),
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            # The server's loop would have to renew it.
            date_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_LIMIT,
        )
        server = _Server(config)
        task = asyncio.create_task(server.serve(sockets))
        log.info("worker.serving", url=url)
        try:
            yield url
        finally:
            server.end()
            await task


class _Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the worker, and sleeps until it has to end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ended = asyncio.Event()

    async def main_loop(self) -> None:
        """Wait for `end`. uvicorn's own loop runs ten times a second."""
        await self._ended.wait()

    def end(self) -> None:
        """Have `serve` return."""
        self.should_exit = True
        self._ended.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers."""
        yield


def _check(error: str | None) -> Check:
    return Check(status="ok") if error is None else Check(status="error", error=error)


def _overall(checks: dict[str, Check]) -> HealthStatus:
    statuses = {check.status for check in checks.values()}
    if "error" in statuses:
        return "error"
    if "loading" in statuses:
        return "loading"
    return "degraded" if "unavailable" in statuses else "ok"

"""The process of a front: its start, its server and its end."""

import asyncio
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from api.front import Front
from api.main import create_app
from shared.dependencies import check_dependencies, connected
from shared.errors import Unavailable
from shared.process.ending import end_within
from shared.process.listening import listen
from shared.process.start import start_process
from shared.serving.limits import ConnectionLimits, connections_at_most
from shared.serving.protocol import bounded_protocol
from shared.settings import Settings
from shared.store.images.keeping import opened_images

log = structlog.get_logger(__name__)

# Seconds that open answers may take once the port is closed, and that everything after them may.
_ANSWERS, _MARGIN = 10, 5


def main() -> None:
    """Serve HTTP until SIGTERM or SIGINT.

    Exit with 1 if the front cannot start, with 0 after a signal, and with CUT_OFF if it has not
    stopped `_ANSWERS` and `_MARGIN` seconds after DRAIN_DELAY.
    """
    settings = start_process()
    try:
        if settings.require_dependencies:
            asyncio.run(_require_dependencies(settings))
        # uvicorn would fail only after the application has started, and would not say what to do.
        listening = listen(settings.host, settings.port, "PORT")
    except Unavailable as error:
        log.error("front.stopped", error=error.code, reason=error.detail)  # noqa: TRY400 (no traceback)
        sys.exit(1)
    app = create_app(settings)
    server = DrainingServer(http_config(app, settings), app, settings.drain_delay)
    server.run(listening)
    if not server.started:
        # uvicorn has logged why, and would exit with 0.
        sys.exit(1)


def http_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return how uvicorn serves a front."""
    limits = ConnectionLimits(
        connections=connections_at_most(settings.max_connections),
        head=settings.header_timeout,
        body=settings.body_timeout,
    )
    return uvicorn.Config(
        app,
        http=bounded_protocol(limits),
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_ANSWERS,
        timeout_keep_alive=settings.keep_alive,
    )


async def _require_dependencies(settings: Settings) -> None:
    """Check the dependencies before uvicorn, which would print a traceback, starts.

    Raises DependencyMissing.
    """
    async with (
        connected(settings, process="api", pool_size=1) as (database, messenger),
        opened_images(settings) as images,
    ):
        await check_dependencies(database, messenger, images, required=True)


class DrainingServer(uvicorn.Server):
    """A uvicorn server whose front drains after the first signal, before the port is closed."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, delay: float) -> None:
        """Wait `delay` seconds between the signal and closing the port."""
        super().__init__(config)
        self._app = app
        self._delay = delay
        self._ending = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT from now on, also after the block.

        uvicorn would send itself the signal again after the block, which ends the process with
        143 or with a traceback, as if it had not ended in order.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self.handle_exit)
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain. On a second signal, or without a delay, stop at once."""
        if not self._ending:
            self._ending = True
            end_within(self._delay + _ANSWERS + _MARGIN, "front")
        front: Front | None = getattr(self._app.state, "front", None)
        if front is None or front.draining.begun or self._delay == 0:
            if front is not None:
                front.draining.begin()
                front.waiters.dismiss()
            super().handle_exit(sig, frame)
            return
        log.info("front.draining", seconds=self._delay, signal=signal.Signals(sig).name)
        front.draining.begin()
        front.waiters.dismiss()
        asyncio.get_running_loop().call_later(self._delay, super().handle_exit, sig, frame)

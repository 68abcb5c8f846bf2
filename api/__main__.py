"""`python -m api`: one front process."""

import asyncio
import signal
import sys
from types import FrameType

import structlog
import uvicorn
from fastapi import FastAPI

from api.front import Front
from api.main import create_app
from shared.dependencies import check_dependencies, connected
from shared.errors import Unavailable
from shared.listening import listen
from shared.process import start_process
from shared.settings import Settings

log = structlog.get_logger(__name__)


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = start_process()
    try:
        if settings.require_dependencies:
            asyncio.run(_require_dependencies(settings))
        # uvicorn would find out only after the start of the application, and not say what to do.
        listening = listen(settings.host, settings.port, "PORT")
    except Unavailable as error:
        log.error("front.stopped", error=error.code, reason=error.detail)  # noqa: TRY400 (no traceback)
        sys.exit(1)
    app = create_app(settings)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=10,
    )
    DrainingServer(config, app, settings.drain_delay).run([listening])


async def _require_dependencies(settings: Settings) -> None:
    """Before uvicorn starts: it would show a traceback. Raises DependencyMissing."""
    async with connected(settings, process="api", pool_size=1) as (database, messenger):
        await check_dependencies(database, messenger, required=True)


class DrainingServer(uvicorn.Server):
    """uvicorn, but the first signal makes the front drain before the port is closed."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, delay: float) -> None:
        """`delay`: seconds between the signal and the closing."""
        super().__init__(config)
        self._app = app
        self._delay = delay

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by uvicorn's signal handler; a second signal closes at once."""
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


if __name__ == "__main__":
    main()

"""The worker's entry point."""

import asyncio
import signal
import sys
from collections.abc import Callable

import structlog

from shared.errors import Unavailable
from shared.process.background import end_other_tasks
from shared.process.ending import end_within
from shared.process.event_loop import run
from shared.process.secrecy import hide_process
from shared.process.start import start_process
from shared.settings import Settings
from shared.telemetry.log_export import exported_logs
from shared.version import SERVICE
from worker.assembly import worker

log = structlog.get_logger(__name__)

# Seconds beyond SHUTDOWN_GRACE after which a worker that was asked to stop exits all the same. Its
# steps need less if the servers answer. docs/stack.md allows two more before it is killed.
_MARGIN = 8


def main() -> None:
    """Run one worker until SIGTERM or SIGINT.

    Exit with code 1 if it cannot start: a component cannot be loaded, the port is taken, or a
    required dependency is missing. Exit with CUT_OFF if it has not stopped `_MARGIN` seconds after
    SHUTDOWN_GRACE; the leases of its jobs then run out.
    """
    settings = start_process()
    if settings.environment == "production":
        # Recognition children have the same user, and may come to run what a hostile file wants.
        hide_process()
    with exported_logs(settings, f"{SERVICE}-worker"):
        try:
            run(run_worker(settings))
        except Unavailable as error:
            log.error("worker.stopped", error=error.code, reason=error.detail)  # noqa: TRY400 (no traceback)
            sys.exit(1)


async def run_worker(settings: Settings) -> None:
    """Serve the queues of WORKER_QUEUES until SIGTERM or SIGINT.

    A signal also stops a worker that is still starting: its start waits for as long as the
    database is away. Later signals are ignored.
    """
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    start = asyncio.timeout(None)

    def begin_to_end() -> None:
        # Later signals change nothing; a timeout that has expired cannot even be rescheduled.
        _on_signal(lambda: None)
        end_within(settings.shutdown_grace + _MARGIN, "worker")

    def stop_start() -> None:
        begin_to_end()
        start.reschedule(loop.time())

    def stop_worker() -> None:
        begin_to_end()
        stop.set()

    try:
        async with start:
            _on_signal(stop_start)
            async with worker(settings):
                _on_signal(stop_worker)
                await stop.wait()
                log.info("worker.draining")
    except TimeoutError:
        if not start.expired():
            raise
        log.info("worker.draining")
    finally:
        # What was given up on while it waited for a server that is away still waits.
        await end_other_tasks()


def _on_signal(act: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, act)

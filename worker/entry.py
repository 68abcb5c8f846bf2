"""The worker's entry point."""

import asyncio
import sys

import structlog

from shared.errors import Unavailable
from shared.log_export import exported_logs
from shared.process import start_process
from shared.version import SERVICE
from worker.main import run_worker


def main() -> None:
    """Run one worker until SIGTERM or SIGINT; end with code 1 if it cannot begin: an
    engine cannot be had, a port is taken, a dependency is missing that may not be."""
    settings = start_process()
    with exported_logs(settings, f"{SERVICE}-worker"):
        try:
            asyncio.run(run_worker(settings))
        except Unavailable as error:
            structlog.get_logger(__name__).error(
                "worker.stopped", error=error.code, reason=error.detail
            )
            sys.exit(1)

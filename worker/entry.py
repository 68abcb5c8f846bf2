"""The worker's entry point."""

import asyncio

from shared.process import start_process
from worker.main import run_worker


def main() -> None:
    """Run one worker until SIGTERM or SIGINT."""
    asyncio.run(run_worker(start_process()))

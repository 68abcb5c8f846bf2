"""A process that is asked to end and does not: `python -m tests.support.processes.unending HOW`.

HOW is `task` for an asyncio task that refuses to be cancelled, `loop` for a blocked event loop, and
`thread` for a thread that never ends.
"""

import asyncio
import sys
import threading

from shared.process.background import end_other_tasks
from shared.process.ending import end_within
from shared.telemetry.logs import configure_logging


async def unending(how: str) -> None:
    """Ask this process to end, and keep it from doing so."""
    end_within(0.2, "test")
    if how == "task":
        stubborn = asyncio.create_task(_refuse(), name="stubborn")
        await asyncio.wait([stubborn], timeout=0)
        await end_other_tasks()
    elif how == "loop":
        threading.Event().wait()
    else:
        threading.Thread(target=threading.Event().wait, name="stubborn").start()


async def _refuse() -> None:
    while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            continue


if __name__ == "__main__":
    configure_logging("INFO", "json")
    asyncio.run(unending(sys.argv[1]))

"""Ends a process within a time limit, whatever it still waits for."""

import asyncio
import os
import sys
import threading
from types import FrameType
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# The exit code of a process that did not end by itself in time.
CUT_OFF = 3
# Seconds that writing the last log line may take: whoever reads the log may have stopped reading.
_LAST_LINE = 1.0


def end_within(seconds: float, process: str) -> None:
    """Give this process `seconds` from now on to end; after that, log what still runs, and exit.

    A thread watches, because one asyncio task that does not end, or one thread, would keep the rest
    of the process waiting for ever. The log event is `<process>.cut_off`, and the exit code
    CUT_OFF. Call this in the event loop of the process.
    """
    loop = asyncio.get_running_loop()
    threading.Thread(
        target=_cut_off, args=(seconds, process, loop), name="end_within", daemon=True
    ).start()


def _cut_off(seconds: float, process: str, loop: asyncio.AbstractEventLoop) -> None:
    # Nobody sets this event. If the process ends in time, this thread ends with it.
    threading.Event().wait(seconds)
    report = threading.Thread(target=_report, args=(seconds, process, loop), daemon=True)
    report.start()
    report.join(_LAST_LINE)
    os._exit(CUT_OFF)


def _report(seconds: float, process: str, loop: asyncio.AbstractEventLoop) -> None:
    log.error(
        f"{process}.cut_off",
        seconds=seconds,
        tasks=sorted(map(_task, asyncio.all_tasks(loop))),
        threads=sorted(_threads()),
    )


def _task(task: asyncio.Task[Any]) -> str:
    """Return the name of a task, its function, and the last function whose frame can be found."""
    function = getattr(task.get_coro(), "__qualname__", "?")
    inside = ""
    awaited: Any = task.get_coro()
    while (frame := getattr(awaited, "cr_frame", None)) is not None:
        # Context managers hide the function that waits inside them.
        if frame.f_globals.get("__name__") != "contextlib":
            inside = _place(frame)
        awaited = getattr(awaited, "cr_await", None)
    return f"{task.get_name()}: {function}, in {inside}"


def _threads() -> list[str]:
    frames = sys._current_frames()
    return [
        f"{thread.name}: {_place(frames[thread.ident])}"
        for thread in threading.enumerate()
        if thread.ident in frames and thread is not threading.current_thread()
    ]


def _place(frame: FrameType) -> str:
    code = frame.f_code
    return f"{code.co_qualname} ({os.path.basename(code.co_filename)}:{frame.f_lineno})"

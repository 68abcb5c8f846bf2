"""Handles SIGINT, SIGTERM and SIGHUP, so that a command ends in order whenever they come."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Turn the first signal during the block into an exception, so that every `with` cleans up.

    SIGINT raises KeyboardInterrupt, even if a shell started us with SIGINT ignored. SIGTERM and
    SIGHUP raise SystemExit with 128 plus their number. Later signals are ignored, so that none
    interrupts the cleanup.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        for stopping in _STOPPING:
            # Child processes would inherit SIG_IGN, but do not inherit a handler.
            signal.signal(stopping, lambda _number, _frame: None)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def signals_held() -> Iterator[None]:
    """Put signals off until the end of the block, which must not be left half done.

    Does nothing outside the main thread, which is the only one that Python delivers signals to.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: held.append(number))
        for number in _STOPPING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if held:
            signal.raise_signal(held[0])

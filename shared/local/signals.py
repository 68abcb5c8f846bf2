"""Ctrl-C and its like: one orderly end, at whatever moment they come."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """Make the first signal an exception, so that every `with` block cleans up.

    SIGINT raises KeyboardInterrupt, also where a shell started us with it ignored; SIGTERM and
    SIGHUP raise SystemExit with 128 and their number. Signals after the first are ignored: none
    interrupts the cleaning.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        for each in _STOPPING:
            # Unlike SIG_IGN, this is not passed on to processes.
            signal.signal(each, lambda _number, _frame: None)
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
    """Put signals off until the end of the block, for what must not be left half done.

    Outside the main thread it does nothing, as Python hands signals to that one only.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _frame: came.append(number))
        for number in _STOPPING
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if came:
            signal.raise_signal(came[0])

"""Keeps Python's garbage collector from looking at what a process imports."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing() -> Iterator[None]:
    """Collect no garbage during the block, in which a process imports its program.

    What was imported stays for good, so later collections do not look at it either. Collecting
    during the imports takes a seventh of their time.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()

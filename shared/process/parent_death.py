"""Ends a process when its parent dies. It imports nothing that a recognition child has to avoid."""

import ctypes
import signal
import sys
from collections.abc import Callable

# From linux/prctl.h.
_PR_SET_PDEATHSIG = 1


def dying_with_parent(number: signal.Signals) -> Callable[[], object]:
    """Return a function with which a process asks for the signal `number` when its parent dies.

    Only Linux can do this. Elsewhere the function does nothing, and the children of a killed
    parent go on. It may be called between a fork and an exec.
    """
    if not sys.platform.startswith("linux"):
        return lambda: None
    # Loading the library in a forked process could deadlock, so it is done here.
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, number)

"""Keeps what a process knows from code that was not meant to run in it or beside it.

It imports nothing that a recognition child has to avoid. Elsewhere than on Linux the functions do
what the system can.
"""

import ctypes
import os
import sys
from collections.abc import Callable
from pathlib import Path

# From linux/prctl.h.
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
# Where the environment lies that the process was started with, of proc_pid_stat(5), from 0.
_ENV_START, _ENV_END = 49, 50


def hide_process() -> None:
    """Keep processes of the same user from reading the memory and the environment of this one.

    It leaves no core dump, and only root can attach a debugger.
    """
    _prctl(_PR_SET_DUMPABLE, 0)


def forbid_new_privileges() -> None:
    """Keep this process and what it starts from gaining rights, such as by a setuid program."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def drop_environment(is_kept: Callable[[str], bool]) -> None:
    """Remove every variable whose name is not kept, also from the memory that held them at the
    start of the process, which /proc/<pid>/environ shows."""
    kept = {name: value for name, value in os.environ.items() if is_kept(name)}
    os.environ.clear()
    # This copies the values, so nothing points to the old memory any more.
    os.environ.update(kept)
    if sys.platform.startswith("linux"):
        # The name of the program may have spaces and parentheses.
        name, _, rest = Path("/proc/self/stat").read_text().rpartition(")")
        fields = [name, "", *rest.split()]
        start, end = int(fields[_ENV_START]), int(fields[_ENV_END])
        ctypes.memset(start, 0, end - start)


def _prctl(option: int, value: int) -> None:
    if sys.platform.startswith("linux"):
        rest = (ctypes.c_ulong(0),) * 3
        if ctypes.CDLL(None, use_errno=True).prctl(option, ctypes.c_ulong(value), *rest) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({option}) failed")

"""Distinguishes running processes from ended ones."""

import psutil


def is_alive(process: psutil.Process) -> bool:
    """Return whether a process runs.

    A zombie has ended; it waits for a new parent to notice, which takes a while in some containers.
    """
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False

"""The environment variable that keeps numpy from starting a thread for every core."""

import os

# The products of matrices here take microseconds, but OpenBLAS's threads then spin for
# milliseconds in case another one follows: scoring 32 names cost three times as much CPU.
LIBRARY_THREADS = {"OPENBLAS_NUM_THREADS": "1"}


def limit_library_threads() -> None:
    """Set each variable of LIBRARY_THREADS in the environment, unless it is set already.

    Every entry point calls this before numpy is loaded. Child processes inherit the values.
    """
    for name, value in LIBRARY_THREADS.items():
        os.environ.setdefault(name, value)

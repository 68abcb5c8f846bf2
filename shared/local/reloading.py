"""Runs the front or a worker of the development stack, and runs it again when a file changes."""

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Event

from watchfiles import PythonFilter, watch


def main(arguments: Sequence[str]) -> int:
    """Run a module, named first, until SIGTERM or SIGINT; return the exit code of its process.

    The folders named after it are watched. A process that ended by itself is started again after
    the next change. Nothing is printed, so that a log has the lines of the process only.
    """
    module, *folders = arguments
    ending = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    changes = watch(
        *map(Path, folders),
        watch_filter=PythonFilter(),
        stop_event=ending,
        yield_on_timeout=True,
        rust_timeout=500,
    )
    # The watch begins with the first `next`, so that no change during the start is missed.
    next(changes, None)
    process = _started(module)
    for changed in changes:
        if changed:
            _stop(process)
            process = _started(module)
    return _stop(process)


def _started(module: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", module])


def _stop(process: subprocess.Popen[bytes]) -> int:
    """Stop a process, which sees itself that it takes not too long; return its exit code."""
    if process.poll() is None:
        process.terminate()
    code = process.wait()
    # As a shell says which signal ended it.
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

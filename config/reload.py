"""Runs `python -m PROGRAM` in the development image, and again whenever its source changes.

Every line that it writes is JSON, as those of the programs are.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime

from watchfiles import PythonFilter, watch


def main() -> int:
    """Run until SIGTERM or SIGINT, and return the exit code of the program that ran then."""
    program = sys.argv[1]
    folders = [program, "shared"]
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    return _run_and_reload(program, folders, ending)


def _run_and_reload(program: str, folders: list[str], ending: threading.Event) -> int:
    """Run the program until the event is set; return its exit code."""
    changes = watch(
        *folders,
        watch_filter=PythonFilter(),
        stop_event=ending,
        raise_interrupt=False,
        yield_on_timeout=True,
        rust_timeout=500,
    )
    # The watch begins with the first `next`, so that no change during the start is missed.
    next(changes, None)
    process = _start(program)
    for changed in changes:
        if changed:
            names = sorted(os.path.relpath(path) for _, path in changed)
            _log("reload.changed", ", ".join(names))
            _stop(process)
            process = _start(program)
    return _stop(process)


def _start(program: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", program])


def _stop(process: subprocess.Popen[bytes]) -> int:
    """Stop the program in order; it ends itself if that takes too long. Return its exit code."""
    process.terminate()
    code = process.wait()
    # As a shell says which signal ended it.
    return code if code >= 0 else 128 - code


def _log(event: str, detail: str) -> None:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"detail": detail, "logger": "reload", "level": "info", "timestamp": moment}
    print(json.dumps({**line, "message": event}), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

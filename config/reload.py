"""Runs `python -m PROGRAM` in the development image, and again whenever its source changes.

Every line that it writes is JSON, as those of the programs are. It lies in the image, not in the
source that is mounted, which its user may not be able to read.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path


def main() -> int:
    """Run until SIGTERM or SIGINT, and return the exit code of the program that ran then."""
    program = sys.argv[1]
    folders = [program, "shared"]
    if (closed := _unreadable(folders)) is not None:
        _log(
            "error",
            "reload.unreadable",
            f"{Path.cwd() / closed} cannot be read by user {os.getuid()}, as which the container "
            "runs. Let others read the checkout: chmod -R go+rX on it, and umask 022 before.",
        )
        return 1
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    return _run_and_reload(program, folders, ending)


def _run_and_reload(program: str, folders: list[str], ending: threading.Event) -> int:
    """Run the program until the event is set; return its exit code."""
    # Imported here, so that what is above needs nothing but Python.
    from watchfiles import PythonFilter, watch  # noqa: PLC0415

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
            _log("info", "reload.changed", ", ".join(names))
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


def _unreadable(folders: list[str]) -> str | None:
    """Return the first folder or Python file that this user cannot read, or None."""
    for folder in folders:
        if not os.access(folder, os.R_OK | os.X_OK):
            return folder
        for path in sorted(Path(folder).rglob("*")):
            wanted = os.R_OK | (os.X_OK if path.is_dir() else 0)
            if (path.is_dir() or path.suffix == ".py") and not os.access(path, wanted):
                return str(path)
    return None


def _log(level: str, event: str, detail: str) -> None:
    moment = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = {"detail": detail, "logger": "reload", "level": level, "timestamp": moment}
    print(json.dumps({**line, "message": event}), flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())

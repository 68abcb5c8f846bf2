"""Where the `bin/dev` of this checkout runs: a file under .data/ whose lock ends with its process.

The kernel gives an `flock` up when its holder dies, however it dies. A file that nobody has locked
is therefore a leftover, whatever it says.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from shared.local.checkout import DATA
from shared.local.processes import LocalError

# Seconds. Whoever only looks at the lock holds it for an instant.
_LOOK = 1.0


@dataclass(frozen=True)
class DevSession:
    """A `bin/dev` that is running. The URLs hold the servers' passwords."""

    pid: int
    front_url: str
    database_url: str
    redis_url: str


def running_dev(data: Path = DATA) -> DevSession | None:
    """The `bin/dev` that runs in this checkout; None when none does or its servers still start."""
    try:
        with _path(data).open() as file:
            if _lock(file, fcntl.LOCK_SH):
                return None
            said = json.load(file)
    except (OSError, ValueError):
        # There is no file, or its owner is writing it just now.
        return None
    return DevSession(**said) if "database_url" in said else None


class DevLock:
    """The place of the one `bin/dev` that may run in a checkout; `dev_lock` hands it out."""

    def __init__(self, file: IO[str], front_url: str) -> None:
        self._file = file
        self._front_url = front_url
        # The one before was killed, and what it had started may still be ending.
        self.after_a_crash = bool(file.read())
        self._write({"pid": os.getpid(), "front_url": front_url})

    def announce(self, database_url: str, redis_url: str) -> None:
        """Tell others where the servers are, now that they run."""
        self._write(asdict(DevSession(os.getpid(), self._front_url, database_url, redis_url)))

    def _write(self, said: dict[str, object]) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump(said, self._file)
        self._file.flush()


@contextmanager
def dev_lock(front_url: str, data: Path = DATA) -> Iterator[DevLock]:
    """Be the one `bin/dev` of this checkout for the length of the block.

    Raises LocalError, which says where the other one runs, when there is one.
    """
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Others may not read it: there are passwords in it.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        deadline = time.monotonic() + _LOOK
        while not _lock(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise LocalError(_already_running(file))
            time.sleep(0.02)
        try:
            yield DevLock(file, front_url)
        finally:
            file.truncate(0)


def _already_running(file: IO[str]) -> str:
    try:
        said = json.load(file)
        where = f"{said['front_url']} (pid {said['pid']})"
    except ValueError:
        where = "it is just starting"
    return f"bin/dev already runs in this checkout: {where}. Use that one, or stop it first."


def _lock(file: IO[str], kind: int) -> bool:
    """Whether nobody else holds a lock that excludes this one; then it is ours."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(data: Path) -> Path:
    return data / "dev.json"

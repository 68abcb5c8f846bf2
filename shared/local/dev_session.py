"""Records where the `bin/dev` of this checkout runs, in a file under .data/ that it keeps locked.

The kernel releases an `flock` when its holder dies, however it dies. If nobody has the file locked,
it is a leftover, whatever it contains.
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

# Seconds to wait for the lock: whoever only looks at the file holds the lock for an instant.
_LOOK = 1.0


@dataclass(frozen=True)
class DevSession:
    """A `bin/dev` that is running. The URLs of the servers contain their passwords."""

    pid: int
    front_url: str
    database_url: str
    redis_url: str


def running_dev(data: Path = DATA) -> DevSession | None:
    """Return the `bin/dev` of this checkout; None if none runs or its servers are not ready yet."""
    try:
        with _path(data).open() as file:
            if _lock(file, fcntl.LOCK_SH):
                return None
            content = json.load(file)
    except (OSError, ValueError):
        # There is no file, or its owner is writing it at this moment.
        return None
    return DevSession(**content) if "database_url" in content else None


class DevLock:
    """The lock that only one `bin/dev` of a checkout can hold; `dev_lock` makes it.

    `after_a_crash` says that the session before was killed, so that processes which it had started
    may still be ending.
    """

    def __init__(self, file: IO[str], front_url: str) -> None:
        self._file = file
        self._front_url = front_url
        self.after_a_crash = bool(file.read())
        self._write({"pid": os.getpid(), "front_url": front_url})

    def announce(self, database_url: str, redis_url: str) -> None:
        """Record the URLs of the servers, now that they run."""
        self._write(asdict(DevSession(os.getpid(), self._front_url, database_url, redis_url)))

    def _write(self, content: dict[str, object]) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump(content, self._file)
        self._file.flush()


@contextmanager
def dev_lock(front_url: str, data: Path = DATA) -> Iterator[DevLock]:
    """Hold the lock of this checkout during the block, as its only `bin/dev`.

    Raises LocalError if another one runs; the text says where.
    """
    path = _path(data)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file contains passwords, so other users may not read it.
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
        content = json.load(file)
        where = f"{content['front_url']} (pid {content['pid']})"
    except ValueError:
        where = "it is just starting"
    return f"bin/dev already runs in this checkout: {where}. Use that one, or stop it first."


def _lock(file: IO[str], kind: int) -> bool:
    """Take the lock and return True, or return False if another process's lock excludes it."""
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _path(data: Path) -> Path:
    return data / "dev.json"

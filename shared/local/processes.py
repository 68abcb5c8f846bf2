"""Runs child processes that cannot outlive this one, each in a session of its own."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from shared.local.signals import signals_held
from shared.process.parent_death import dying_with_parent

# Seconds.
_GRACE = 30


class LocalError(Exception):
    """Something on this machine keeps the system from starting. The text says what to do."""


@dataclass(frozen=True)
class User:
    """The account that a process runs as."""

    uid: int
    gid: int


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    stdin: str | None = None,
    log: Path | None = None,
    user: User | None = None,
    stop_signal: signal.Signals = signal.SIGTERM,
    cwd: Path | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process during the block, with `env` added to our environment.

    When the block ends, the process gets `stop_signal`, and is killed if it has not ended after
    half a minute. If we are killed ourselves, Linux sends the process the same signal.
    """
    process: subprocess.Popen[bytes] | None = None
    output: IO[bytes] | None = log.open("ab") if log else None
    try:
        # A signal between the start and the assignment would leave a process that nobody stops.
        with signals_held():
            process = subprocess.Popen(
                command,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=output,
                stderr=output and subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=dying_with_parent(stop_signal),  # noqa: PLW1509 (only a prctl)
                user=user.uid if user else None,
                group=user.gid if user else None,
                extra_groups=[] if user else None,
            )
        if process.stdin:
            with process.stdin as pipe:
                pipe.write((stdin or "").encode())
        yield process
    finally:
        if process:
            _stop(process, stop_signal)
        if output:
            output.close()


def _stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(_GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def block_until(
    ready: Callable[[], bool],
    what: str,
    *,
    process: subprocess.Popen[bytes] | None = None,
    log: Path | None = None,
    timeout: float = 60,
) -> None:
    """Poll, blocking this thread, until `ready()` is true.

    Raises LocalError if that takes more than `timeout` seconds or if `process` ends before. The
    text begins with `what`, which names what was awaited, and ends with the last lines of `log`.
    """
    deadline = time.monotonic() + timeout
    while not ready():
        ended = process is not None and process.poll() is not None
        if ended or time.monotonic() > deadline:
            how = f"stopped with code {process.returncode}" if process and ended else "is not ready"
            raise LocalError(f"{what} {how}.{_tail(log)}")
        time.sleep(0.05)


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _tail(log: Path | None) -> str:
    if log is None or not log.exists():
        return ""
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f" The end of {log}:", *lines])

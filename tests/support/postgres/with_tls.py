"""Runs Debian's Postgres, which speaks TLS, as the embedded one does not."""

import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.local.postgres.account import owned_folder, server_user
from shared.local.processes import User, block_until, free_port, running
from tests.support.tls import PEM

# Nobody gets in without TLS, a replica neither.
_RULES = "hostssl all all all scram-sha-256\nhostssl replication all all scram-sha-256\n"


def debian_programs() -> Path:
    """Return the folder of the newest Postgres that Debian has installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: path.parent.name)
    return found[-1] if found else Path("/nowhere")


@contextmanager
def postgres_with_tls(folder: Path) -> Iterator[str]:
    """Run a server that only speaks TLS, with its data in `folder`; yield its URL.

    The URL checks the server's certificate, which is for `localhost`. The data are removed.
    """
    user, port = server_user(), free_port()
    folder = owned_folder(folder, user)
    try:
        password = _initialise(folder, port, user)
        with _server(folder, port, user):
            options = f"sslmode=verify-full&sslrootcert={PEM}"
            yield f"postgresql://postgres:{password}@localhost:{port}/postgres?{options}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(folder: Path, port: int, user: User | None) -> str:
    """Make a data folder in `folder`; return the password of the superuser."""
    data, password = folder / "data", secrets.token_urlsafe(24)
    secret = _private(folder / "password", password, user)
    subprocess.run(
        [
            debian_programs() / "initdb", "--pgdata", data, "--username", "postgres", "--no-sync",
            "--auth=scram-sha-256", "--pwfile", secret, "--encoding=UTF8", "--locale=C",
        ],
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
        check=True,
        capture_output=True,
    )  # fmt: skip
    (data / "pg_hba.conf").write_text(_RULES)
    # In the data folder, where a copy for a replica takes it along.
    _private(data / "server.pem", PEM.read_text(), user)
    with (data / "postgresql.conf").open("a") as configuration:
        for name, value in _configuration(port).items():
            configuration.write(f"{name} = '{value}'\n")
    return password


def _private(file: Path, text: str, user: User | None) -> Path:
    """Write a file that only the account of the server may read; return it."""
    file.touch(mode=0o600)
    file.write_text(text)
    if user:
        os.chown(file, user.uid, user.gid)
    return file


@contextmanager
def _server(folder: Path, port: int, user: User | None) -> Iterator[None]:
    programs, log = debian_programs(), folder / "postgres.log"
    command: list[str | Path] = [programs / "postgres", "-D", folder / "data"]
    with running(command, log=log, user=user, stop_signal=signal.SIGINT) as process:
        ready: list[str | Path] = [
            programs / "pg_isready",
            "-q",
            "-h",
            "localhost",
            "-p",
            str(port),
        ]
        block_until(
            lambda: subprocess.run(ready, check=False).returncode == 0,
            "Postgres",
            process=process,
            log=log,
        )
        yield


def _configuration(port: int) -> dict[str, object]:
    return {
        "listen_addresses": "127.0.0.1",
        "port": port,
        "unix_socket_directories": "",
        "max_connections": 200,
        "ssl": "on",
        "ssl_cert_file": "server.pem",
        "ssl_key_file": "server.pem",
        "password_encryption": "scram-sha-256",
    }

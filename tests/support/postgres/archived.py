"""A Postgres that archives its WAL, and is restored from a base backup to an earlier moment."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from shared.local.postgres import embedded_postgres
from shared.local.postgres.account import owned_folder, server_programs, server_user
from shared.local.processes import User, free_port
from tests.chaos.prepared import copy_database


@dataclass(frozen=True)
class Archived:
    """The places of a server: its data, the archive of its WAL, its base backup, and its port.

    The server that is restored has the same URL as the one before.
    """

    before: Path
    archive: Path
    base: Path
    port: int
    user: User | None

    @classmethod
    def prepare(cls, folder: Path) -> "Archived":
        """Copy a database with the schema into `folder`, to be archived once it runs."""
        user = server_user()
        before = copy_database(folder / "before")
        archive = owned_folder(folder / "archive", user)
        options = {"archive_mode": "on", "archive_command": f'cp "%p" "{archive}/%f"'}
        _configure(before, options)
        return cls(before, archive, owned_folder(folder / "base", user), free_port(), user)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Run the server during the block, and archive what is left of its WAL at the end."""
        with embedded_postgres(self.before, durable=False, port=self.port) as url:
            yield url

    def back_up(self, url: str) -> None:
        """Make the base backup, as docs/operations.md does."""
        shutil.copy(self.before / "password", self.base / "password")
        parts = urlsplit(url)
        program = server_programs(self.user) / "pg_basebackup"
        subprocess.run(
            [program, "-h", "127.0.0.1", "-p", str(self.port), "-U", str(parts.username),
             "-D", self.base / "data", "-X", "none", "-c", "fast", "--no-sync"],
            env={**os.environ, "PGPASSWORD": str(parts.password)},
            user=self.user.uid if self.user else None,
            group=self.user.gid if self.user else None,
            extra_groups=[] if self.user else None,
            check=True, cwd="/",
        )  # fmt: skip

    @contextmanager
    def restored(self, moment: str) -> Iterator[str]:
        """Run a server during the block that has what was committed until `moment`."""
        _configure(
            self.base,
            {
                "restore_command": f'cp "{self.archive}/%f" "%p"',
                "recovery_target_time": moment,
                "recovery_target_action": "promote",
                # Nobody gets in before it is done.
                "hot_standby": "off",
            },
        )
        (self.base / "data/recovery.signal").touch()
        if self.user:
            for file in (self.base / "password", self.base / "data/recovery.signal"):
                os.chown(file, self.user.uid, self.user.gid)
        with embedded_postgres(self.base, durable=False, port=self.port) as url:
            yield url


def _configure(folder: Path, options: dict[str, str]) -> None:
    with (folder / "data/postgresql.auto.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in options.items())

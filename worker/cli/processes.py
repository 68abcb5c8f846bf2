"""`grocery-ai serve`, `worker` and `migrate`: what runs the service, also outside a checkout."""

import os
import sys

from worker.cli.options import print_line


def serve() -> None:
    """Run a front, which answers HTTP, until Ctrl-C or SIGTERM.

    Its settings are environment variables, such as DATABASE_URL, REDIS_URL, HOST and PORT.
    """
    _become("api")


def worker() -> None:
    """Run a worker, which does the work of the jobs, until Ctrl-C or SIGTERM.

    Its settings are environment variables, such as DATABASE_URL, REDIS_URL and WORKER_QUEUES.
    """
    _become("worker")


def migrate() -> None:
    """Bring the schema of the database at DATABASE_URL up to date, which may take a while.

    Run it before fronts and workers of a new version start.
    """
    from shared.store.schema import known_revisions
    from shared.store.upgrading import upgrade

    # Whoever runs the command reads what is wrong; the log of a container is for programs.
    os.environ.setdefault("LOG_FORMAT", "console")
    upgrade()
    print_line(f"The schema is at {known_revisions()[0]}.")


def _become(package: str) -> None:
    """Replace this process by the one that a package is, so that signals reach it.

    The folder that the command runs in is no place to import from (`-P`): it may have an `api` or a
    `worker` of its own.
    """
    os.execv(sys.executable, [sys.executable, "-P", "-m", package])  # noqa: S606 (no shell)

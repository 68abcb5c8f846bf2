"""The whole system as processes of this machine: servers, migrations, front, workers."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from shared.local import checkout
from shared.local.postgres import embedded_postgres
from shared.local.processes import LocalError, running, wait_until
from shared.local.valkey import embedded_valkey

ROOT, DATA = checkout.ROOT, checkout.DATA
Popen = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Servers:
    """Where Postgres and Redis are."""

    database_url: str
    redis_url: str

    def env(self) -> dict[str, str]:
        """As settings for our processes."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def servers(folder: Path, *, durable: bool) -> Iterator[Servers]:
    """Those that DATABASE_URL and REDIS_URL name; an embedded one for each that is not set."""
    with ExitStack() as stack:
        database_url = os.environ.get("DATABASE_URL") or stack.enter_context(
            embedded_postgres(folder / "postgres", durable=durable)
        )
        redis_url = os.environ.get("REDIS_URL") or stack.enter_context(
            embedded_valkey(folder / "valkey")
        )
        yield Servers(database_url, redis_url)


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """A folder of its own for one run, gone afterwards."""
    folder = DATA / f"run-{uuid.uuid4().hex[:8]}"
    folder.mkdir(parents=True, mode=0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def migrate(database_url: str) -> None:
    """Bring the schema up to date. Raises LocalError with what Alembic said."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError(f"The migration failed:\n{done.stderr}")


@contextmanager
def front(env: Mapping[str, str], port: int, log: Path | None = None) -> Iterator[Popen]:
    """Run the front on 127.0.0.1; the block begins once it answers."""
    url = f"http://127.0.0.1:{port}"
    settings = {**env, "HOST": "127.0.0.1", "PORT": str(port)}
    with running([sys.executable, "-m", "api"], env=settings, log=log, cwd=ROOT) as process:
        wait_until(
            lambda: _get(f"{url}/health/live") is not None, "The front", process=process, log=log
        )
        yield process


@contextmanager
def worker(env: Mapping[str, str], log: Path | None = None) -> Iterator[Popen]:
    """Run one worker; it may still be loading its models when the block begins."""
    command = [sys.executable, "-m", "worker"]
    with running(command, env=env, log=log, cwd=ROOT) as process:
        yield process


def wait_for_workers(url: str, process: Popen, log: Path | None = None) -> None:
    """Block until `/health_check` of the front at `url` is ok: every engine is loaded. `process`
    is the worker, and `log` its log. Raises LocalError."""

    def ready() -> bool:
        return (_get(f"{url}/health_check") or {}).get("status") == "ok"

    wait_until(ready, "The worker", process=process, log=log, timeout=120)


def _get(url: str) -> dict[str, Any] | None:
    try:
        answer: dict[str, Any] = httpx.get(url, timeout=2).json()
    except (httpx.HTTPError, ValueError):
        return None
    return answer

"""Runs the parts of the system as processes on this machine: servers, migrations, front, worker."""

import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from pydantic import SecretStr, ValidationError
from redis import Redis
from redis.exceptions import RedisError

from shared.local.checkout import DATA, ROOT
from shared.local.postgres import embedded_postgres
from shared.local.processes import LocalError, block_until, running
from shared.local.valkey import embedded_valkey
from shared.settings import Settings, setting_problems

Popen = subprocess.Popen[bytes]


@dataclass(frozen=True)
class Servers:
    """The URLs of Postgres and Redis."""

    database_url: str
    redis_url: str

    def env(self) -> dict[str, str]:
        """Return the URLs as environment variables, for a front or a worker."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextmanager
def servers(folder: Path, *, durable: bool) -> Iterator[Servers]:
    """Yield the servers that DATABASE_URL and REDIS_URL name.

    For each variable that is not set, an embedded server runs during the block, with its data in
    `folder`. Raises LocalError.
    """
    with ExitStack() as stack:
        database_url = os.environ.get("DATABASE_URL") or stack.enter_context(
            embedded_postgres(folder / "postgres", durable=durable)
        )
        redis_url = os.environ.get("REDIS_URL")
        if redis_url:
            _check_redis(redis_url)
        else:
            redis_url = stack.enter_context(embedded_valkey(folder / "valkey"))
        yield Servers(database_url, redis_url)


def check_settings() -> Settings:
    """Return the settings that front and worker will have, with placeholders for embedded servers.

    Call this before anything is started. Raises LocalError with a line for each wrong setting.
    """
    try:
        return Settings(
            database_url=SecretStr(os.environ.get("DATABASE_URL") or "postgresql://embedded"),
            redis_url=SecretStr(os.environ.get("REDIS_URL") or "redis://embedded"),
        )
    except ValidationError as error:
        raise LocalError("\n".join(setting_problems(error))) from error


def _check_redis(url: str) -> None:
    """Raise LocalError unless the Redis at `url` answers, since a front would start without it."""
    try:
        with Redis.from_url(url, socket_connect_timeout=5, socket_timeout=5) as client:
            client.ping()
    except RedisError as error:
        raise LocalError(f"REDIS_URL: Redis cannot be reached: {error}") from error


@contextmanager
def throwaway_folder() -> Iterator[Path]:
    """Make a folder under .data/ for the block, and remove it afterwards.

    Its name begins with the id of this process: `run-<pid>-`.
    """
    folder = DATA / f"run-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir(parents=True, mode=0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def migrate(database_url: str) -> None:
    """Bring the schema up to date. Raises LocalError with the output of Alembic if that fails."""
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError(f"The migration failed: {done.stderr.strip()}")


@contextmanager
def front(env: Mapping[str, str], port: int, log: Path | None = None) -> Iterator[Popen]:
    """Run a front on 127.0.0.1 during the block, which begins once the front answers."""
    url = f"http://127.0.0.1:{port}"
    settings = {**env, "HOST": "127.0.0.1", "PORT": str(port)}
    with running([sys.executable, "-m", "api"], env=settings, log=log, cwd=ROOT) as process:
        block_until(
            lambda: _get(f"{url}/health/live") is not None, "The front", process=process, log=log
        )
        yield process


@contextmanager
def worker(env: Mapping[str, str], log: Path | None = None) -> Iterator[Popen]:
    """Run a worker during the block. It may still be loading its models when the block begins."""
    command = [sys.executable, "-m", "worker"]
    with running(command, env=env, log=log, cwd=ROOT) as process:
        yield process


def wait_for_workers(url: str, process: Popen, log: Path | None = None) -> None:
    """Block until the front at `url` reports that all checks pass and every model is loaded.

    Raises LocalError after two minutes, or if `process`, the worker, ends before.
    """

    def healthy() -> bool:
        answer = _get(f"{url}/health_check")
        return answer is not None and answer.is_success

    block_until(healthy, "The worker", process=process, log=log, timeout=120)


def _get(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=2)
    except httpx.HTTPError:
        return None

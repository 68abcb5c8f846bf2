"""Runs the parts of the system as processes on this machine: servers, migrations, front, worker."""

import asyncio
import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import httpx
from pydantic import SecretStr, ValidationError
from redis.exceptions import RedisError

from shared.contracts.service.health import HealthCheck
from shared.local.checkout import DATA, ROOT
from shared.local.postgres import embedded_postgres
from shared.local.processes import LocalError, block_until, running
from shared.local.valkey import embedded_valkey
from shared.settings import Settings, setting_problems
from shared.wire.connections import connect_for_polling

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
    settings = check_settings().model_copy(update={"redis_url": SecretStr(url)})
    try:
        asyncio.run(_ping(settings))
    except (RedisError, OSError) as error:
        raise LocalError(f"REDIS_URL: Redis cannot be reached: {error}") from error


async def _ping(settings: Settings) -> None:
    client = connect_for_polling(settings)
    try:
        await client.ping()
    finally:
        await client.aclose(close_connection_pool=True)


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


def migrate(database_url: str, env: Mapping[str, str] = MappingProxyType({})) -> None:
    """Bring the schema up to date. Raises LocalError with the reason if that fails.

    `env` has settings that are not in this process's own environment.
    """
    done = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head"],
        cwd=ROOT,
        env={**os.environ, **env, "DATABASE_URL": database_url, "LOG_FORMAT": "console"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError(f"The migration failed: {_reason(done.stderr)}")


def _reason(stderr: str) -> str:
    """Return the message of the error that ended a program, without its traceback and statement."""
    *_, last = stderr.strip().split("Traceback (most recent call last):\n")
    # The lines of a traceback are indented, and SQLAlchemy appends the statement and a link.
    return re.split(r"\n\[SQL: |\n\(Background on ", re.sub(r"^(\s.*\n)+", "", last))[0]


@contextmanager
def front(
    env: Mapping[str, str], port: int, log: Path | None = None, source: Path = ROOT
) -> Iterator[Popen]:
    """Run a front on 127.0.0.1 during the block, which begins once the front answers.

    `source` is the folder of the code that it runs.
    """
    url = f"http://127.0.0.1:{port}"
    settings = {**env, "HOST": "127.0.0.1", "PORT": str(port)}
    with running([sys.executable, "-m", "api"], env=settings, log=log, cwd=source) as process:
        block_until(
            lambda: _get(f"{url}/health/live") is not None, "The front", process=process, log=log
        )
        yield process


@contextmanager
def worker(env: Mapping[str, str], log: Path | None = None, source: Path = ROOT) -> Iterator[Popen]:
    """Run a worker during the block. It may still be loading its models when the block begins.

    `source` is the folder of the code that it runs.
    """
    command = [sys.executable, "-m", "worker"]
    with running(command, env=env, log=log, cwd=source) as process:
        yield process


def wait_for_workers(url: str, process: Popen, log: Path | None = None) -> None:
    """Block until the front at `url` reports that all checks pass and every model is loaded.

    Raises LocalError if a component is unavailable, after two minutes, or if `process`, the worker,
    ends before.
    """
    block_until(lambda: workers_ready(url), "The worker", process=process, log=log, timeout=120)


def workers_ready(url: str) -> bool:
    """Whether the front at `url` reports that all checks pass and every model is loaded.

    Raises LocalError if a component is unavailable, which does not change until a worker starts.
    The text says which component it is, and why.
    """
    answer = _get(f"{url}/health_check")
    if answer is None or answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
        return answer is not None and answer.is_success
    components = HealthCheck.model_validate_json(answer.content).services.ai_service.engines
    reasons = [
        f"{name} is unavailable: {check.error}"
        for name, check in components.items()
        if check.status == "unavailable"
    ]
    if reasons:
        raise LocalError("; ".join(reasons))
    return False


def _get(url: str) -> httpx.Response | None:
    try:
        return httpx.get(url, timeout=2)
    except httpx.HTTPError:
        return None

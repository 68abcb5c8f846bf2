"""URLs of servers: an impossible one is refused in one line, and its password stays hidden."""

import os
import subprocess
import sys

import pytest

from shared.local.checkout import ROOT
from shared.local.processes import free_port
from shared.server_urls import check_database_url, check_redis_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pass/word#1[@host:5432/name?sslmode=require",
        "postgres://host",
        "postgresql+asyncpg://host/name",
        "postgresql:///name?host=/var/run/postgresql",
        "postgresql://[::1]:5432/name",
    ],
)
def test_every_usual_spelling_of_a_postgres_url_is_accepted(url: str) -> None:
    """The driver understands all of these."""
    assert check_database_url(url) == url


@pytest.mark.parametrize(
    "url", ["redis://host", "rediss://:pass:word@host:6380/1", "unix:///run/redis.sock?db=1"]
)
def test_every_usual_spelling_of_a_redis_url_is_accepted(url: str) -> None:
    """The driver understands all of these."""
    assert check_redis_url(url) == url


@pytest.mark.parametrize(
    "url", ["mysql://root:geheim@host/name", "geheim", "postgresql://u:geheim@host:port/name", ""]
)
def test_a_url_of_anything_but_postgres_is_refused(url: str) -> None:
    """The error does not show the password."""
    with pytest.raises(ValueError, match=r"^The (port of the )?URL must be") as refused:
        check_database_url(url)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("url", ["http://:geheim@host", "redis://:geheim@host:99999", "host:6379"])
def test_a_url_of_anything_but_redis_is_refused(url: str) -> None:
    """The error does not show the password."""
    with pytest.raises(ValueError, match=r"^The (port of the )?URL must be") as refused:
        check_redis_url(url)
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize("program", ["api", "worker", "alembic"])
@pytest.mark.slow
def test_a_wrong_url_stops_every_program_in_one_line(program: str) -> None:
    """The program does not try to connect, and prints neither a traceback nor the password."""
    done = _run(program, "mysql://root:geheim@host/name")

    assert done.returncode == (1 if program == "alembic" else 2)
    assert done.stderr.splitlines() == [
        "DATABASE_URL: The URL must begin with postgresql:// or postgres://."
    ]


@pytest.mark.parametrize(
    ("query", "says"),
    [("sslmode=require&channel_binding=require", "'channel_binding'"), ("sslmode=on", "sslmode")],
)
def test_parameters_that_the_driver_does_not_accept_are_refused(query: str, says: str) -> None:
    """The error names the parameter. Hosting providers put some into the URLs that they issue."""
    with pytest.raises(ValueError, match=says):
        check_database_url(f"postgresql://u:p?colour=red@host/name?{query}")


@pytest.mark.slow
def test_a_migration_without_its_database_fails_with_one_line() -> None:
    """Alembic alone would print a traceback of 206 lines."""
    done = _run("alembic", f"postgresql://u:geheim@127.0.0.1:{free_port()}/x")

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("DATABASE_URL: Postgres cannot be reached")
    assert "Connect call failed" in line
    assert "geheim" not in line


def _run(program: str, database_url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", program, *(("upgrade", "head") if program == "alembic" else ())],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://h", "DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )

"""URLs of servers: an impossible one is refused in one line, and its password stays hidden."""

import json
import os
import subprocess
import sys
import traceback

import pytest

from shared.local.checkout import ROOT
from shared.local.processes import free_port
from shared.store.postgres.settings.database_url import check_database_url
from shared.wire.redis_url import check_redis_url


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:pass/word#1[@host:5432/name?sslmode=require",
        "postgres://host",
        "postgresql+asyncpg://host/name",
        "postgresql:///name?host=/var/run/postgresql",
        "postgresql:///name?host=first:5432&host=second:5433&target_session_attrs=primary",
        "postgresql://[::1]:5432/name",
        "postgresql://host/name?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c&sslkey=/k",
    ],
)
def test_every_usual_spelling_of_a_postgres_url_is_accepted(url: str) -> None:
    """The driver understands all of these."""
    assert check_database_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "redis://host",
        "rediss://:pass:word@host:6380/1?ssl_cert_reqs=none",
        "redis://h?socket_timeout=2.5&protocol=3",
        "unix:///run/redis.sock?db=1",
        "redis+sentinel://host/main",
        "redis+sentinel://user:pass@a:26379,[::1]:26380/main/2?sentinel_password=word",
        "rediss+sentinel://a,b/main?ssl_ca_certs=/ca.pem&ssl_check_hostname=true",
    ],
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


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://u:geheim@a..b/x", "The host of the URL"),
        ("postgresql://u:ge@heim@host/x", "The host of the URL"),
        (f"postgresql://u:geheim@{'h' * 64}/x", "The host of the URL"),
        ("postgresql:///x?password=geheim&host=a..b:1", "The host of the URL"),
        ("postgresql://u:geheim@h/x?port=abc", "port and prepared_statement_cache_size are"),
        ("postgresql://u:geheim@h/x?prepared_statement_cache_size=q", "cache_size are numbers"),
        ("postgresql://u:geheim@h:-1/x", "The port of the URL"),
        ("postgresql://u:geheim@/x?host=a&port=70000", "The port of the URL"),
        ("postgresql://u:geheim@/x?host=a:1&host=b", "several hosts need a port each"),
        ("postgresql://u:geheim@h/x?sslmode=on", "sslmode must be one of disable, "),
        ("postgresql://u:geheim@h/x?ssl=allow&ssl=allow", "'ssl' more than once"),
        ("postgresql://u:geheim@h/x?target_session_attrs=q", "target_session_attrs must be one of"),
        ("postgresql://u:geheim@h/x?channel_binding=require", "'channel_binding' is unknown"),
    ],
)
def test_what_the_driver_of_postgres_cannot_use_is_refused(url: str, says: str) -> None:
    """The error says what is wrong and does not show the password. The driver would raise one of
    its own when it connects, which is a bug to everything that waits for a database."""
    with pytest.raises(ValueError, match=says) as refused:
        check_database_url(url)
    assert "heim" not in "".join(traceback.format_exception(refused.value)).replace(url, "")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("redis://:geheim@localhost:1?foo=bar", "'foo' is unknown"),
        ("redis://:geheim@h?socket_timeout=abc", "'socket_timeout'"),
        ("redis://:geheim@h?socket_timeout=1&socket_timeout=2", "more than once"),
        ("redis://:geheim@h?protocol=x", "protocol must be one of 2, 3"),
        ("redis://:geheim@h?ssl_cert_reqs=none", r"need rediss://"),
        ("redis://:geheim@a..b:6379", "The host of the URL"),
        ("redis://:geheim@a%00b:6379", "The host of the URL"),
        ("redis://:ge/heim@h:6379", "in a password must be written as %2F"),
        ("redis://:ge[heim@h:6379", "in a password must be written as %2F"),
        ("unix:///run/redis.sock?password=geheim&decode_responses=1", "'decode_responses'"),
        ("redis+sentinel://:geheim@h", "A URL of Sentinels has the form"),
        ("redis+sentinel://:ge/heim@h/main", "A URL of Sentinels has the form"),
        ("redis+sentinel://:geheim@a,b:x/main", "The port of the URL"),
        ("redis+sentinel://:geheim@a,b..c/main", "The host of the URL"),
        ("redis+sentinel://:geheim@a,,b/main", "A URL of Sentinels has the form"),
        ("redis+sentinel://:geheim@:26379/main", "A URL of Sentinels has the form"),
        ("redis+sentinel://:geheim@a/main?ssl_ca_certs=x", "need rediss://"),
        ("redis+sentinel://a/main?sentinel_password=geheim&foo=1", "'foo' is unknown"),
        ("redis://:geheim@a?sentinel_password=geheim", "'sentinel_password' is unknown"),
    ],
)
def test_what_the_driver_of_redis_cannot_use_is_refused(url: str, says: str) -> None:
    """The error says what is wrong and does not show the password."""
    with pytest.raises(ValueError, match=says) as refused:
        check_redis_url(url)
    assert "heim" not in "".join(traceback.format_exception(refused.value)).replace(url, "")


@pytest.mark.parametrize("program", ["api", "worker", "alembic"])
@pytest.mark.slow
def test_a_wrong_url_stops_every_program_in_one_line(program: str) -> None:
    """The program does not try to connect, and logs neither a traceback nor the password."""
    done = _run(program, "postgresql://root:geheim@host/name?port=abc")

    assert (done.returncode, done.stderr) == (2, "")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["level"], line["message"]) == ("error", "setting.refused")
    assert line["reason"].startswith("DATABASE_URL: The URL's parameters cannot be read: port ")
    assert "geheim" not in done.stdout


@pytest.mark.slow
def test_people_read_what_is_wrong_on_stderr() -> None:
    """`bin/dev` and `bin/migrate` set LOG_FORMAT."""
    done = _run("api", "postgresql://root:geheim@host/name?port=abc", LOG_FORMAT="console")

    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("DATABASE_URL: The URL's parameters cannot be read: port ")


@pytest.mark.slow
def test_a_migration_without_its_database_fails_with_one_line() -> None:
    """Alembic alone would print a traceback of 206 lines."""
    done = _run("alembic", f"postgresql://u:geheim@127.0.0.1:{free_port()}/x")

    assert (done.returncode, done.stderr) == (1, "")
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["level"], line["message"]) == ("error", "migrate.stopped")
    assert line["reason"].startswith("DATABASE_URL: Postgres cannot be reached")
    assert "Connect call failed" in line["reason"]
    assert "geheim" not in done.stdout


def _run(program: str, database_url: str, **env: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", program, *(("upgrade", "head") if program == "alembic" else ())],
        cwd=ROOT,
        env={**os.environ, "REDIS_URL": "redis://h", "DATABASE_URL": database_url, **env},
        capture_output=True,
        text=True,
        check=False,
    )

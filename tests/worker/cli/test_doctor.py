"""`grocery-ai doctor`: each thing broken in turn is named, with its cure."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from shared.local import stack
from tests.support.fronts import nowhere
from tests.worker.cli.conftest import Run


@pytest.fixture
def env(database_url: str, servers: stack.Servers) -> dict[str, str]:
    """A healthy system without workers."""
    return {"DATABASE_URL": database_url, "REDIS_URL": servers.redis_url}


@pytest.fixture
def evicting(servers: stack.Servers) -> Iterator[None]:
    """Redis set up to throw messages away, until the end of the test."""
    with redis.Redis.from_url(servers.redis_url) as broker:
        broker.config_set("maxmemory-policy", "allkeys-lru")
        yield
        broker.config_set("maxmemory-policy", "noeviction")


def findings(grocery_ai: Run, env: dict[str, str], code: int) -> dict[str, Any]:
    """By name."""
    done = grocery_ai("doctor", "--json", **env)
    assert done.returncode == code, done.stdout + done.stderr
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


def test_a_healthy_system(grocery_ai: Run, env: dict[str, str]) -> None:
    """Nothing is wrong, but that nobody works."""
    found = findings(grocery_ai, env, 0)

    assert [name for name, finding in found.items() if finding["status"] != "ok"] == ["workers"]
    assert "python -m worker" in found["workers"]["cure"]
    assert "rapidocr" in found["ocr"]["detail"]


@pytest.mark.parametrize(
    ("broken", "name", "cure"),
    [
        ({"DATABASE_URL": nowhere("postgresql").get_secret_value()}, "postgres", "DATABASE_URL"),
        ({"REDIS_URL": nowhere("redis").get_secret_value()}, "redis", "REDIS_URL"),
        ({"REDIS_URL": "http://localhost"}, "redis", "REDIS_URL"),
        ({"OCR_ENGINE": "tesseract", "PATH": "/nowhere"}, "ocr", "OCR_ENGINE=auto"),
        ({"LEASE": "1"}, "settings", "config/example.env"),
        ({"OCR_ENGINE": "crystal ball"}, "settings", "config/example.env"),
    ],
)
def test_what_is_broken_is_named(
    grocery_ai: Run, env: dict[str, str], broken: dict[str, str], name: str, cure: str
) -> None:
    """And nothing else is blamed for it."""
    found = findings(grocery_ai, {**env, **broken}, 1)

    assert [broken for broken in found if found[broken]["status"] == "error"] == [name]
    assert cure in found[name]["cure"]


def test_a_database_that_is_behind(grocery_ai: Run, env: dict[str, str], behind: str) -> None:
    """The cure is a command."""
    found = findings(grocery_ai, {**env, "DATABASE_URL": behind}, 1)

    assert found["migrations"]["status"] == "error"
    assert "bin/migrate" in found["migrations"]["cure"]


@pytest.mark.usefixtures("evicting")
def test_a_redis_that_forgets(grocery_ai: Run, env: dict[str, str]) -> None:
    """It would lose messages under pressure, and nobody would know."""
    found = findings(grocery_ai, env, 1)

    assert found["redis eviction"]["status"] == "error"
    assert "noeviction" in found["redis eviction"]["cure"]


def test_a_password_is_never_shown(grocery_ai: Run, env: dict[str, str]) -> None:
    """Nor is any other part of the URL that holds it."""
    env["DATABASE_URL"] = "postgresql://grocery:hunter2@127.0.0.1:1/x"
    done = grocery_ai("doctor", **env)

    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert "Start Postgres" in done.stdout

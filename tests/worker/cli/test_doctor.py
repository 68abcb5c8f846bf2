"""`grocery-ai doctor`: each thing broken in turn is named, with its cure."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from shared.local import stack
from shared.local.checkout import DATA, ROOT
from shared.local.dev_session import dev_lock
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
        ({"REDIS_URL": "http://localhost"}, "settings", "config/example.env"),
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


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the source, in which another bin/dev may run than here."""
    folder = DATA / f"checkout-{uuid4().hex[:8]}"
    for name in ("shared", "worker"):
        shutil.copytree(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def test_the_servers_of_a_running_bin_dev(checkout: Path, env: dict[str, str]) -> None:
    """Are those of which the settings say nothing; without any, it is said what to do."""
    program = [sys.executable, "-c", "from worker.cli.main import main; main()"]
    unset = {name: value for name, value in os.environ.items() if name not in env}

    def doctor() -> dict[str, Any]:
        done = subprocess.run(
            [*program, "doctor", "--json"],
            cwd=checkout, env=unset, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return {one["name"]: one for one in json.loads(done.stdout)}

    with dev_lock("http://127.0.0.1:8000", checkout / ".data") as lock:
        lock.announce(env["DATABASE_URL"], env["REDIS_URL"])
        found = doctor()
    without = doctor()

    assert found["settings"]["status"] == "ok"
    assert "DATABASE_URL and REDIS_URL from the running bin/dev" in found["settings"]["detail"]
    assert found["migrations"]["status"] == found["redis"]["status"] == "ok"
    assert without["settings"]["status"] == "error"
    assert "bin/dev" in without["settings"]["cure"]


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

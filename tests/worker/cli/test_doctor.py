"""`grocery-ai doctor` names whatever is broken, and what to do about it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redis

from shared.access.tokens import new_token
from shared.local import stack
from shared.local.checkout import DATA, ROOT
from shared.local.dev_session import dev_lock
from shared.settings import Settings
from shared.store.postgres.database import Database
from tests.chaos.standby import standby
from tests.support.access.tokens import stored_token
from tests.support.fronts import nowhere
from tests.worker.cli.conftest import Run
from worker.cli.diagnosis.access import check_access


@pytest.fixture
def env(database_url: str, servers: stack.Servers) -> dict[str, str]:
    """Settings of a healthy system that has no workers."""
    return {"DATABASE_URL": database_url, "REDIS_URL": servers.redis_url}


@pytest.fixture
def evicting(servers: stack.Servers) -> Iterator[None]:
    """Let Redis throw messages away when memory runs low, until the end of the test."""
    with redis.Redis.from_url(servers.redis_url) as broker:
        broker.config_set("maxmemory-policy", "allkeys-lru")
        yield
        broker.config_set("maxmemory-policy", "noeviction")


def findings(forked_ai: Run, env: dict[str, str], code: int) -> dict[str, Any]:
    """Run `doctor` and return its findings by name."""
    done = forked_ai("doctor", "--json", **env)
    assert done.returncode == code, done.stdout + done.stderr
    return {finding["name"]: finding for finding in json.loads(done.stdout)}


def test_a_healthy_system_only_lacks_workers(forked_ai: Run, env: dict[str, str]) -> None:
    found = findings(forked_ai, env, 0)

    assert [name for name, finding in found.items() if finding["status"] != "ok"] == ["workers"]
    assert "python -m worker" in found["workers"]["cure"]
    assert "rapidocr" in found["ocr"]["detail"]


def test_everything_that_is_broken_is_blamed(forked_ai: Run, env: dict[str, str]) -> None:
    """What works is still checked, and each finding has a cure of its own."""
    broken = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
        "OCR_ENGINE": "tesseract",
        "PATH": "/nowhere",
    }
    found = findings(forked_ai, {**env, **broken}, 1)

    assert [name for name in found if found[name]["status"] == "error"] == [
        "postgres",
        "redis",
        "ocr",
    ]
    assert "DATABASE_URL" in found["postgres"]["cure"]
    assert "REDIS_URL" in found["redis"]["cure"]
    assert "OCR_ENGINE=auto" in found["ocr"]["cure"]
    assert found["item models"]["status"] == "ok"


@pytest.mark.parametrize(
    "broken",
    [
        {"REDIS_URL": "http://localhost"},
        {"LEASE": "1"},
        {"OCR_ENGINE": "crystal ball"},
    ],
    ids=str,
)
def test_a_wrong_setting_is_named(
    forked_ai: Run, env: dict[str, str], broken: dict[str, str]
) -> None:
    found = findings(forked_ai, {**env, **broken}, 1)

    assert [name for name in found if found[name]["status"] == "error"] == ["settings"]
    assert next(iter(broken)) in found["settings"]["detail"]
    assert "config/example.env" in found["settings"]["cure"]


def test_an_old_schema_is_named_with_the_command_that_migrates(
    forked_ai: Run, env: dict[str, str], behind: str
) -> None:
    found = findings(forked_ai, {**env, "DATABASE_URL": behind}, 1)

    assert found["migrations"]["status"] == "error"
    assert "bin/migrate" in found["migrations"]["cure"]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the source, so that the bin/dev of this checkout does not matter."""
    folder = DATA / f"checkout-{uuid4().hex[:8]}"
    for name in ("shared", "worker"):
        shutil.copytree(ROOT / name, folder / name)
    yield folder
    shutil.rmtree(folder)


def test_a_running_bin_dev_supplies_servers_that_are_not_set(
    checkout: Path, env: dict[str, str]
) -> None:
    """Without a bin/dev, the finding about the settings says what to do."""
    program = [sys.executable, "-c", "from worker.cli.main import main; main()"]
    unset = {name: value for name, value in os.environ.items() if name not in env}

    def doctor() -> dict[str, Any]:
        done = subprocess.run(
            [*program, "doctor", "--json"],
            cwd=checkout, env=unset, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return {finding["name"]: finding for finding in json.loads(done.stdout)}

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
def test_a_redis_that_evicts_is_an_error(forked_ai: Run, env: dict[str, str]) -> None:
    """A Redis that evicts loses messages when memory runs low, and nobody notices."""
    found = findings(forked_ai, env, 1)

    assert found["redis eviction"]["status"] == "error"
    assert "noeviction" in found["redis eviction"]["cure"]


def test_a_password_is_never_shown(forked_ai: Run, env: dict[str, str]) -> None:
    env["DATABASE_URL"] = "postgresql://grocery:hunter2@127.0.0.1:1/x"
    done = forked_ai("doctor", **env)

    assert done.returncode == 1
    assert "hunter2" not in done.stdout + done.stderr
    assert "Start Postgres" in done.stdout


async def test_who_may_call_is_said(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without tokens where they are needed, nobody can call. No finding shows a token."""
    guarding = settings.model_copy(update={"auth": "tokens"})
    exposed = settings.model_copy(update={"auth": "off", "host": "0.0.0.0"})
    (open_to_all,) = await check_access(exposed, database)
    (closed_to_all,) = await check_access(guarding, database)
    token = await stored_token(database, "a", lifetime=timedelta(days=8))
    monkeypatch.setenv("AI_SERVICE_TOKEN", token)
    living, own = await check_access(guarding, database)
    await stored_token(database, "a", lifetime=timedelta(days=6))
    monkeypatch.setenv("AI_SERVICE_TOKEN", new_token().text)
    ending, unknown = await check_access(guarding, database)
    monkeypatch.setenv("AI_SERVICE_TOKEN", f"{token} {token}")
    _, malformed = await check_access(guarding, database)

    assert (await check_access(settings, database))[0].status == "ok"
    for finding, said in (
        (open_to_all, "AUTH=off on 0.0.0.0"),
        (closed_to_all, "every call is refused"),
        (ending, "within a week these expire"),
        (unknown, "unknown, expired or revoked"),
        (malformed, "is no token"),
    ):
        assert finding.status == "warning"
        assert said in finding.detail
    assert living.status == own.status == "ok"
    assert own.detail.endswith(": jobs:read jobs:write, for a")
    assert token not in repr([living, own, ending, unknown, malformed])


def test_a_standby_that_no_commit_waits_for_is_reported(
    forked_ai: Run, env: dict[str, str], tmp_path: Path
) -> None:
    """A failover to it would lose jobs that were accepted."""
    with standby(env["DATABASE_URL"], tmp_path / "standby"):
        found = findings(forked_ai, env, 0)["standbys"]

    assert found["status"] == "warning"
    assert "synchronous_standby_names" in found["cure"]


def test_an_object_store_is_tried(forked_ai: Run, env: dict[str, str], tmp_path: Path) -> None:
    """The store has to take, return, list and delete an image, of which nothing is left."""
    folder = tmp_path / "images"
    folder.mkdir()
    found = findings(forked_ai, {**env, "IMAGE_STORE": f"file://{folder}"}, 0)["image store"]
    away = {
        "IMAGE_STORE": "s3://receipts",
        "AWS_ENDPOINT_URL": nowhere("http").get_secret_value(),
        "AWS_ACCESS_KEY_ID": "id",
        "AWS_SECRET_ACCESS_KEY": "a secret",
    }
    broken = findings(forked_ai, {**env, **away}, 1)["image store"]

    assert found["status"] == "ok"
    assert [path for path in folder.rglob("*") if path.is_file()] == []
    assert "GenericError" in broken["detail"]
    assert "a secret" not in str(broken)

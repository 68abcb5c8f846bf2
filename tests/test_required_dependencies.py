"""REQUIRE_DEPENDENCIES: what misses something at its start stops, and says what."""

import asyncio
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from shared.local.processes import free_port
from shared.local.stack import ROOT
from shared.settings import Settings
from tests.support import nowhere


async def start(program: str, settings: Settings, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """Run a front or a worker until it ends by itself: its exit code and what it logged.

    A line that is not in our format, a traceback for one, raises JSONDecodeError.
    """
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", program],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "REDIS_URL": settings.redis_url.get_secret_value(),
            "QUEUE_NAMESPACE": settings.queue_namespace,
            "REQUIRE_DEPENDENCIES": "true",
            "PORT": str(free_port()),
            "WORKER_PORT": "0",
            **env,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("program", ["api", "worker"])
async def test_probe_at_the_start_names_all_that_is_missing(
    program: str, settings: Settings
) -> None:
    """A sentence for each, no traceback, exit code 1."""
    missing = {
        "DATABASE_URL": nowhere("postgresql").get_secret_value(),
        "REDIS_URL": nowhere("redis").get_secret_value(),
    }
    code, lines = await start(program, settings, **missing)

    assert code == 1
    said = [line for line in lines if line["message"] == "dependency.missing"]
    assert {line["dependency"] for line in said} == {"database", "redis"}
    assert all(line["detail"].endswith(".") for line in said)
    assert lines[-1]["message"] == f"{'front' if program == 'api' else 'worker'}.stopped"
    assert (lines[-1]["level"], lines[-1]["error"]) == ("error", "dependency_missing")


@pytest.mark.parametrize("program", ["api", "worker"])
async def test_probe_at_the_start_sees_an_old_schema(
    program: str, settings: Settings, behind: str
) -> None:
    """With the command that cures it."""
    code, lines = await start(program, settings, DATABASE_URL=behind)

    assert code == 1
    assert "bin/migrate" in lines[-1]["reason"]


async def test_probe_at_the_start_sees_a_missing_engine(settings: Settings) -> None:
    """A worker that could serve but a part of its queues is none."""
    code, lines = await start(
        "worker", settings, OCR_ENGINE="tesseract", PATH="/nowhere", RECEIPT_SLOTS="1"
    )

    assert (code, lines[-1]["message"]) == (1, "worker.stopped")
    assert "apt-get install tesseract-ocr" in lines[-1]["reason"]

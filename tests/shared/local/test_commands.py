"""bin/demo and bin/dev, run as people run them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import httpx
import psutil
import pytest

from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts import RichReceipt
from shared.local.processes import free_port
from shared.local.stack import DATA, ROOT
from tests.support.waiting import wait_until

DEMO = [sys.executable, "-m", "shared.local.demo"]


def test_the_demo_reads_a_receipt() -> None:
    """As JSON: the finished job, and nothing else on stdout."""
    mark = f"DEMO_{uuid4().hex}"
    done = subprocess.run(
        [*DEMO, "--json"],
        env={**os.environ, mark: "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    job = JobView.model_validate_json(done.stdout)
    assert job.status is JobStatus.SUCCEEDED
    assert RichReceipt.model_validate(job.output_payload).extraction.line_items
    assert _processes_with(mark) == []


def test_the_demo_says_when_it_cannot(tmp_path: Path) -> None:
    """A sentence and an exit code, no traceback."""
    no_image = tmp_path / "receipt.jpg"
    no_image.write_text("nothing to see")
    for path in (no_image, tmp_path / "nowhere.jpg"):
        done = subprocess.run([*DEMO, path], capture_output=True, text=True, check=False)

        assert done.returncode == 1
        assert done.stderr.strip()
        assert "Traceback" not in done.stderr


@contextmanager
def development() -> Iterator[tuple["subprocess.Popen[bytes]", Path, str]]:
    """bin/dev in a copy of the source that may be changed: the process, the copy, its URL."""
    checkout = DATA / f"checkout-{uuid4().hex[:8]}"
    for name in ("api", "shared", "worker"):
        shutil.copytree(ROOT / name, checkout / name)
    shutil.copy(ROOT / "pyproject.toml", checkout)
    port = free_port()
    command = [sys.executable, "-u", "-m", "shared.local.dev"]
    env = {**os.environ, "PORT": str(port), "WORKER_PORT": str(free_port())}
    with (
        (checkout / "log").open("w") as log,
        subprocess.Popen(
            command, cwd=checkout, env=env, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield process, checkout, f"http://127.0.0.1:{port}"
        finally:
            process.kill()
    shutil.rmtree(checkout)


@pytest.mark.timeout(120)
async def test_development_reloads_outlives_mistakes_and_leaves_nothing_running() -> None:
    """A file that does not even parse: the next change is waited for, and restarts front and
    worker; Ctrl-C ends everything."""
    with development() as (process, checkout, url):
        await wait_until(lambda: _workers(url) == 1, "the system was up", within=60)
        before = _front_pid(process.pid)
        source = checkout / "api/main.py"
        right = source.read_text()
        source.write_text("def (")
        said = checkout / "log"
        await wait_until(
            lambda: "Waiting for a change" in said.read_text(), "it said so", within=60
        )
        source.write_text(right)
        await wait_until(
            lambda: _front_pid(process.pid) not in (before, None) and _workers(url) == 1,
            "the system was up again",
            within=60,
        )
        family = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert [child for child in family if child.is_running()] == []


def _workers(url: str) -> int | None:
    try:
        checks = httpx.get(f"{url}/health/ready", timeout=2).json()["checks"]
    except (httpx.HTTPError, json.JSONDecodeError):
        return None
    alive: int | None = checks["workers"].get("alive")
    return alive


def _front_pid(parent: int) -> int | None:
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline()[-2:] == ["-m", "api"]:
                return child.pid
    return None


def _processes_with(variable: str) -> list[psutil.Process]:
    """Those that have inherited an environment variable."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            if variable in process.environ():
                found.append(process)
    return found

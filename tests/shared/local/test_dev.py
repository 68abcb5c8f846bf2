"""bin/dev, run as a user runs it, in a copy of the source that a test may change."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import asyncpg
import httpx
import psutil
import pytest

from shared.local.checkout import DATA, ROOT
from shared.local.dev_session import DevSession, running_dev
from shared.local.processes import free_port
from tests.support.processes.alive import is_alive
from tests.support.waiting import wait_until

DEV = [sys.executable, "-u", "-m", "shared.local", "dev"]


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A copy of the source, in a folder whose name has spaces, a quote and an umlaut."""
    copy = DATA / f"Oma's grocery äpp {uuid4().hex[:8]}"
    for name in ("api", "shared", "worker"):
        shutil.copytree(ROOT / name, copy / name)
    shutil.copy(ROOT / "pyproject.toml", copy)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def env() -> dict[str, str]:
    """An environment with free ports and without servers, so that bin/dev starts its own."""
    ports = {"PORT": str(free_port()), "WORKER_PORT": str(free_port())}
    return {**os.environ, **ports, "DATABASE_URL": "", "REDIS_URL": ""}


@contextmanager
def development(checkout: Path, env: dict[str, str]) -> Iterator["subprocess.Popen[bytes]"]:
    """Run bin/dev in `checkout`, with its output in the file `log` there."""
    with (
        (checkout / "log").open("a") as log,
        subprocess.Popen(
            DEV, cwd=checkout, env=env, stdout=log, stderr=log, start_new_session=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.timeout(120)
async def test_bin_dev_reloads_survives_mistakes_and_leaves_nothing_running(
    checkout: Path, env: dict[str, str]
) -> None:
    """After a syntax error, the next change restarts front and worker. Ctrl-C ends everything."""
    url = f"http://127.0.0.1:{env['PORT']}"
    with development(checkout, env) as process:
        await wait_until(lambda: _workers(url) == 1, "the system was up", within=60)
        before = _front_pid(process.pid)
        source = checkout / "api/main.py"
        right = source.read_text()
        source.write_text("def (")
        log = checkout / "log"
        await wait_until(
            lambda: "Waiting for a change" in log.read_text(), "it waited for a change", within=60
        )
        source.write_text(right)
        await wait_until(
            lambda: _front_pid(process.pid) not in (before, None) and _workers(url) == 1,
            "the system was up again",
            within=60,
        )
        await _ends_on_ctrl_c(process)


async def test_bin_dev_goes_on_without_a_component_and_says_so(
    checkout: Path, env: dict[str, str], no_tesseract: dict[str, str]
) -> None:
    """The output names the component and the reason."""
    log = checkout / "log"
    with development(checkout, {**env, **no_tesseract}) as process:
        says = "ocr is unavailable: OCR_ENGINE=tesseract, but there is no tesseract here"
        await wait_until(lambda: says in " ".join(log.read_text().split()), "it said so", within=60)
        assert _workers(f"http://127.0.0.1:{env['PORT']}") == 1
        await _ends_on_ctrl_c(process)


@pytest.mark.timeout(120)
async def test_a_checkout_has_one_bin_dev_and_a_killed_one_does_not_block_the_next(
    checkout: Path, env: dict[str, str]
) -> None:
    """A second bin/dev says where the first runs, and leaves its servers alone.

    After the first is killed, the next one starts, even on the same ports.
    """
    with development(checkout, env) as first:
        session = await _session(checkout)
        second = _refused(checkout, env)
        connection = await asyncpg.connect(session.database_url)
        await connection.close()
        family = psutil.Process(first.pid).children(recursive=True)
        first.kill()
        first.wait()

        where = f"{session.front_url} (pid {first.pid})"
        assert f"already runs in this checkout: {where}" in second
        assert running_dev(checkout / ".data") is None
    with development(checkout, env) as third:
        session = await _session(checkout)
        assert session.pid == third.pid
        connection = await asyncpg.connect(session.database_url)
        await connection.close()
        await _ends_on_ctrl_c(third)
    assert running_dev(checkout / ".data") is None
    assert [process for process in family if is_alive(process)] == []
    assert "Traceback" not in (checkout / "log").read_text()


@pytest.mark.parametrize("setting", ["PORT", "WORKER_PORT"])
def test_a_taken_port_is_named_before_anything_starts(
    checkout: Path, env: dict[str, str], setting: str
) -> None:
    """The one line of output also names the setting that chooses another port."""
    with socket.create_server(("127.0.0.1", int(env[setting]))):
        line = _refused(checkout, env)

    assert f"Cannot listen on 127.0.0.1:{env[setting]}: Address already in use." in line
    assert f"choose another {setting} " in line
    assert not (checkout / ".data/dev").exists()


def _refused(checkout: Path, env: dict[str, str]) -> str:
    """Run a bin/dev that must not start, and return its one line of output."""
    done = subprocess.run(
        DEV, cwd=checkout, env=env, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


async def _session(checkout: Path) -> DevSession:
    await wait_until(lambda: running_dev(checkout / ".data") is not None, "it ran", within=60)
    session = running_dev(checkout / ".data")
    assert session
    return session


async def _ends_on_ctrl_c(process: "subprocess.Popen[bytes]") -> None:
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    assert [child for child in family if is_alive(child)] == []


def _workers(url: str) -> int | None:
    try:
        checks = httpx.get(f"{url}/health/ready", timeout=2).json()["checks"]
    except (httpx.HTTPError, ValueError):
        return None
    alive: int | None = checks["workers"].get("alive")
    return alive


def _front_pid(parent: int) -> int | None:
    for child in psutil.Process(parent).children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline()[-2:] == ["-m", "api"]:
                return child.pid
    return None

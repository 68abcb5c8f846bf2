"""Nobody phones home: not the service, and none of the libraries that it is made of."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared.local import stack
from shared.local.processes import free_port
from shared.local.stack import ROOT
from shared.settings import Settings
from tests.support.network_trace import NetworkTrace
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs_program("strace")

# All that a program of ours needs to find of the environment in which the tests run.
_KEPT = ("PATH", "LANG", "LC_", "PYTEST_", "COVERAGE_")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home of somebody who has set nothing: libraries that keep quiet in CI (`CI`,
    `GITHUB_ACTIONS`), or because the tests told them to, have no reason here."""
    for name in os.environ:
        if not name.startswith(_KEPT):
            monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("TMPDIR", str(home))
    monkeypatch.setenv("RECEIPT_SLOTS", "1")
    return home


@pytest.fixture
def traced(tmp_path: Path) -> NetworkTrace:
    """Sees whom programs talk to."""
    return NetworkTrace(tmp_path / "calls")


def test_the_trace_sees_a_name_being_looked_up(traced: NetworkTrace) -> None:
    """Without this the next test would be worth nothing."""
    look_up = (
        "import socket\ntry: socket.getaddrinfo('nobody.invalid', 80)\nexcept socket.gaierror: pass"
    )
    subprocess.run(traced.command([sys.executable, "-c", look_up]), check=True)

    assert any(peer.is_outside for peer in traced.peers())


@pytest.mark.timeout(240)
def test_a_whole_job_talks_to_the_configured_servers_alone(
    home: Path,
    traced: NetworkTrace,
    behind: str,
    servers: stack.Servers,
    receipt_png: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Front, worker, recognition child and the demo that starts them: a receipt and a few names,
    from the upload to the table. Then the same on the command line. In the end the home holds what
    is documented, and no id of a device."""
    monkeypatch.setenv("DATABASE_URL", behind)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    photo = home / "receipt.png"
    photo.write_bytes(receipt_png)
    grocery_ai = Path(sys.executable).with_name("grocery-ai")

    demo = _output(traced, [sys.executable, "-m", "shared.local", "demo", photo])
    read = _output(traced, [grocery_ai, "extract", photo, "--labels", "Dairy,Other", "--json"])
    named = _output(traced, [grocery_ai, "categorize", "Oat Drink"])
    photo.unlink()

    assert "Bananas" in demo
    assert "Frozen Pizza" in demo
    assert "Bananas" in read
    assert named.startswith("name,category,confidence\nOat Drink,")
    peers = traced.peers()
    assert {httpx.URL(url).port for url in (behind, servers.redis_url)} <= {
        peer.port for peer in peers
    }
    assert [peer.seen for peer in peers if peer.is_outside] == []
    kept = {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()}
    assert kept == {(".cache", "grocery-planner-ai")}


async def test_a_worker_without_a_home_to_write_to_logs_json_alone(
    home: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with a read-only root: what a native library prints of it would break a log's readers."""
    log, port = tmp_path / "worker.log", free_port()
    # Below a file nobody can write, not even root.
    (home / "file").touch()
    monkeypatch.setenv("HOME", str(home / "file"))
    env = {
        "DATABASE_URL": settings.database_url.get_secret_value(),
        "REDIS_URL": settings.redis_url.get_secret_value(),
        "QUEUE_NAMESPACE": settings.queue_namespace,
        "WORKER_PORT": str(port),
    }
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:

        async def ready() -> bool:
            try:
                return (await http.get("/health/ready")).status_code == 200
            except httpx.TransportError:
                return False

        with stack.worker(env, log):
            await wait_until(ready, "the engines were loaded", within=120)

    lines = log.read_text().splitlines()
    assert lines
    assert [line for line in lines if not _is_json(line)] == []


def test_entry_points_come_before_onnxruntime() -> None:
    """It reads what opts out of its reports when it is loaded, so no entry point may load it with
    its own imports."""
    program = (
        "import sys, api.__main__, worker.main, worker.cli.main\n"
        "import worker.cli.extraction.files, worker.features.recognition_child\n"
        "print('onnxruntime' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "False"


def _output(traced: NetworkTrace, command: list[str | Path]) -> str:
    done = subprocess.run(
        traced.command(command), cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False

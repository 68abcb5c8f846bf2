"""Nobody phones home: neither the service nor any library that it uses."""

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

# The environment variables of the tests that the programs need.
_KEPT = ("PATH", "LANG", "LC_", "PYTEST_", "COVERAGE_")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Home folder of somebody who has set no variables, so that no library keeps quiet because it
    runs in CI (`CI`, `GITHUB_ACTIONS`) or because the tests opted out."""
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
    """Trace of whom the programs of a test talk to."""
    return NetworkTrace(tmp_path / "calls")


def test_the_trace_sees_a_name_being_looked_up(traced: NetworkTrace) -> None:
    """The next test proves nothing if the trace misses name look-ups."""
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
    """The demo, its front, worker and recognition child handle a receipt and a few names; then the
    command line does the same. The home holds only what is documented, and no device id."""
    monkeypatch.setenv("DATABASE_URL", behind)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    photo = home / "receipt.png"
    photo.write_bytes(receipt_png)
    grocery_ai = Path(sys.executable).with_name("grocery-ai")

    demo = _output(traced, [sys.executable, "-m", "shared.local.demo", photo])
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
    """A native library that complains about a read-only root would break the readers of the log."""
    log, port = tmp_path / "worker.log", free_port()
    # Nobody can write below a file, not even root.
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
    """onnxruntime reads the opt-out when it is imported, so no entry point may import it before it
    has opted out."""
    program = (
        "import sys, api.__main__, worker.main, worker.cli.main\n"
        "import worker.cli.files, worker.features.recognition_child\n"
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

"""Neither the service nor any of its libraries talks to a server that was not configured."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from shared.local import stack
from shared.local.checkout import ROOT
from shared.local.processes import free_port
from shared.settings import Settings
from tests.support.processes.network_trace import NetworkTrace
from tests.support.waiting import wait_until

pytestmark = pytest.mark.needs_program("strace")

# The variables of the tests' environment that the programs under test need.
_KEPT = ("PATH", "LANG", "LC_", "PYTEST_", "COVERAGE_")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home directory of a user who has set nothing.

    Some libraries send no reports if `CI` or `GITHUB_ACTIONS` is set, or because the tests opted
    out. The variables that would do this are removed.
    """
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
    """A trace of the servers that programs talk to."""
    return NetworkTrace(tmp_path / "calls")


@pytest.mark.slow
def test_the_trace_sees_a_name_being_looked_up(traced: NetworkTrace) -> None:
    """The next test could not fail if the trace missed such a look-up."""
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
    """Run the demo, which starts a front, a worker and a recognition child, and the command line.

    Both read a receipt and categorise items. Afterwards the home directory holds only what is
    documented, so no library has stored a device id.
    """
    monkeypatch.setenv("DATABASE_URL", behind)
    monkeypatch.setenv("REDIS_URL", servers.redis_url)
    photo = home / "receipt.png"
    photo.write_bytes(receipt_png)
    grocery_ai = Path(sys.executable).with_name("grocery-ai")

    demo = _output(traced, [sys.executable, "-m", "shared.local", "demo", photo])
    read = _output(traced, [grocery_ai, "extract", photo, "--labels", "Dairy,Other", "--json"])
    photo.unlink()

    assert "Bananas" in demo
    assert "Frozen Pizza" in demo
    assert "Bananas" in read
    peers = traced.peers()
    assert {httpx.URL(url).port for url in (behind, servers.redis_url)} <= {
        peer.port for peer in peers
    }
    assert [peer.seen for peer in peers if peer.is_outside] == []
    kept = {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()}
    assert kept == {(".cache", "grocery-planner-ai")}


async def test_a_worker_without_a_writable_home_logs_only_json(
    home: Path, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A warning that a native library prints would break programs that parse the log.

    A container with a read-only root has such a home.
    """
    log, port = tmp_path / "worker.log", free_port()
    # Not even root can create a directory below a file.
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


@pytest.mark.slow
def test_entry_points_do_not_import_onnxruntime() -> None:
    """onnxruntime reads its opt-out when it is imported, so the opt-out has to be set before."""
    program = (
        "import sys, api.process, worker.main, worker.cli.main\n"
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

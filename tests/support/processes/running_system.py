"""Runs the whole service as processes."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from shared.local import stack
from shared.local.processes import free_port


@dataclass(frozen=True)
class System:
    """A front and a worker that run as processes, and the folder of their logs."""

    url: str
    worker_url: str
    servers: stack.Servers
    env: dict[str, str]
    front: stack.Popen
    worker: stack.Popen
    logs: Path

    def log_text(self) -> str:
        """Return everything that was logged so far."""
        return "".join(path.read_text() for path in self.logs.glob("*.log"))


@contextmanager
def running_system(
    servers: stack.Servers, database_url: str, logs: Path, telemetry: Mapping[str, str]
) -> Iterator[System]:
    """Run a front and a worker with real engines, which log into the folder `logs`."""
    with ExitStack() as running:
        env = {
            "DATABASE_URL": database_url,
            "REDIS_URL": servers.redis_url,
            "QUEUE_NAMESPACE": f"system-{uuid4().hex[:8]}",
            "SHUTDOWN_GRACE": "0",
            "DRAIN_DELAY": "0",
            # A loaded test machine may stand still for longer than the defaults allow.
            "DATABASE_PATIENCE": "20",
            "PROBE_PATIENCE": "20",
            # Rounds of repair take CPU time from the tests.
            "RECONCILE_INTERVAL": "1",
            "WORKER_PORT": str(free_port()),
            **telemetry,
        }
        worker = running.enter_context(stack.worker(env, logs / "worker.log"))
        port = free_port()
        front = running.enter_context(stack.front(env, port, logs / "api.log"))
        url = f"http://127.0.0.1:{port}"
        stack.wait_for_workers(url, worker, logs / "worker.log")
        worker_url = f"http://127.0.0.1:{env['WORKER_PORT']}"
        yield System(url, worker_url, servers, env, front, worker, logs)

"""The scenario in which callbacks have to arrive while everything around them dies."""

import asyncio
import signal
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from shared.local import stack
from shared.local.processes import free_port, running
from tests.chaos.audit import audit
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.support.callbacks import SECRETS
from tests.support.waiting import wait_until

# Short, so that hung requests and claims of dead workers end soon.
_SETTINGS = {
    "CALLBACK_HOSTS": "http://127.0.0.1",
    "CALLBACK_SECRETS": SECRETS[0],
    "CALLBACK_TIMEOUT": "0.5",
    "CALLBACK_RETRY_PAUSE": "0.3",
    # Few, so that jobs run and others wait when something dies.
    "ITEM_SLOTS": "2",
}
_UNFINISHED = "state IN ('queued', 'running')"


async def callbacks(plan: Plan) -> Report:
    """Workers, Redis and the receiver of callbacks die while jobs end."""
    settings = {**_SETTINGS, **plan.settings}
    async with cluster(plan.workers, plan.seed, settings) as system:
        with _Receiver(system) as receiver:
            receiver.kill()
            await system.submit("slow 1", plan.jobs, callback=receiver.url)
            await wait_until(
                lambda: _some(system, "last_error IS NOT NULL"), "an attempt failed", 60
            )
            receiver.revive()
            waiting = await _break_everything(plan, system, receiver)
            await system.all_finished()
            # Pauses triple, so what is left is due within twice the time that it has been pending.
            receiver.repair()
            await wait_until(
                lambda: _all_delivered(system),
                "all were delivered",
                within=300,
                pause=0.2,
            )
            report = await audit("callbacks", system)
            await _audit_callbacks(report, system, receiver, waiting)
            return report


@dataclass
class _Receiver:
    """The receiver, which is started again at its port whenever it has died."""

    system: Cluster
    port: int = field(default_factory=free_port)
    starts: int = 0
    faulty: bool = True
    _running: ExitStack = field(default_factory=ExitStack)
    _process: stack.Popen | None = None

    def __enter__(self) -> "_Receiver":
        self.revive()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """The URL of callbacks."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def file(self) -> Path:
        """The file in which the receiver notes what it received."""
        return self.system.folder / "received"

    def revive(self) -> None:
        """Start the process unless it lives."""
        if self._process is not None and self._process.poll() is None:
            return
        self.starts += 1
        seed = self.starts if self.faulty else 0
        arguments = (str(self.port), str(self.file), SECRETS[0], str(seed))
        command = [sys.executable, "-m", "tests.chaos.scenarios.receiver", *arguments]
        log = self.system.folder / "receiver.log"
        self._process = self._running.enter_context(running(command, log=log))

    def kill(self) -> None:
        """Kill the process."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)

    def repair(self) -> None:
        """Replace the process by one that accepts everything."""
        self.faulty = False
        self._running.close()
        self.revive()

    def received(self) -> Counter[str]:
        """Count how often each job was received."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return Counter(line.split()[1] for line in lines)


async def _break_everything(plan: Plan, system: Cluster, receiver: _Receiver) -> int | None:
    """Kill workers and the receiver one after the other, and Redis once, while there is work.

    Returns how many jobs had not ended when Redis lost its messages, or None if it never did.
    """
    half, waiting = plan.kills // 2, None
    while len(system.killed_at) < plan.kills and (
        await system.count(_UNFINISHED) or not await _all_delivered(system)
    ):
        if len(system.killed_at) == half:
            system.stop("redis")
            waiting = await system.count(_UNFINISHED)
            system.start_redis(empty=True)
        system.kill_worker(system.rng.choice(system.workers))
        system.start_worker()
        receiver.kill()
        await asyncio.sleep(system.rng.uniform(0.2, 1.0))
        receiver.revive()
        # The receiver takes about half a second to start, and has to live for a while: only what
        # it receives can arrive twice.
        await asyncio.sleep(system.rng.uniform(0.5, 2.0))
    return waiting


async def _some(system: Cluster, condition: str) -> bool:
    """Return whether an SQL condition holds for a delivery."""
    async with system.database() as database:
        query = f"SELECT EXISTS (SELECT FROM callback_deliveries WHERE {condition})"  # noqa: S608
        return bool(await database.fetchval(query))


async def _all_delivered(system: Cluster) -> bool:
    return not await _some(system, "state <> 'delivered'")


async def _audit_callbacks(
    report: Report, system: Cluster, receiver: _Receiver, waiting: int | None
) -> None:
    """Count callbacks that never arrived as lost, and note how often the others did.

    A run that broke nothing shows nothing, so that it fails.
    """
    received = receiver.received()
    async with system.database() as database:
        sent = await database.fetchval("SELECT sum(attempts) FROM callback_deliveries")
    missing = [job for job in system.accepted if str(job) not in received]
    report.lost += len(missing)
    report.notes |= {
        "kills": len(system.killed_at),
        "unfinished_without_redis": waiting,
        "receivers": receiver.starts,
        "requests": int(sent),
        "received": len(received),
        "repetitions": received.total() - len(received),
    }
    assert system.killed_at, "no worker was killed"
    assert waiting, "Redis was not stopped while jobs ran or waited"
    assert sent > len(system.accepted), "no delivery took more than one attempt"

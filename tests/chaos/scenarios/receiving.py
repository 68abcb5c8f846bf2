"""The receiver of callbacks as a process that dies and is started again, and what it received."""

import signal
import sys
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from shared.local import stack
from shared.local.processes import free_port, running
from tests.chaos.cluster import Cluster
from tests.support.callbacks import SECRETS

# Short, so that hung requests and claims of dead workers end soon.
SETTINGS = {
    "CALLBACK_HOSTS": "http://127.0.0.1",
    "CALLBACK_SECRETS": SECRETS[0],
    "CALLBACK_TIMEOUT": "0.5",
    "CALLBACK_RETRY_PAUSE": "0.3",
    # Few, so that jobs run and others wait when something dies.
    "ITEM_SLOTS": "2",
}


@dataclass
class Receiver:
    """The receiver, which is started again at its port whenever it has died."""

    system: Cluster
    port: int = field(default_factory=free_port)
    starts: int = 0
    faulty: bool = True
    _running: ExitStack = field(default_factory=ExitStack)
    _process: stack.Popen | None = None

    def __enter__(self) -> "Receiver":
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


async def some(system: Cluster, condition: str) -> bool:
    """Return whether an SQL condition holds for a delivery."""
    async with system.database() as database:
        query = f"SELECT EXISTS (SELECT FROM callback_deliveries WHERE {condition})"  # noqa: S608
        return bool(await database.fetchval(query))


async def all_delivered(system: Cluster) -> bool:
    """Return whether every delivery has arrived."""
    return not await some(system, "state <> 'delivered'")

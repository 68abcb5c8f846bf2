"""Runs a primary, its replica, and three Sentinels that replace the primary by it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis import Redis

from shared.local.processes import block_until, free_port
from shared.local.stack import Popen
from tests.support.redis.server import DURABLE, FOLLOWED, Program, redis_server

SERVICE, PASSWORD, SENTINEL_PASSWORD = "main", "geheim", "wacht"
# Milliseconds after which a primary that says nothing counts as away.
_AWAY_AFTER = 500


@dataclass
class Watched:
    """Servers under the watch of Sentinels. Both have their processes by port."""

    sentinels: list[int]
    watching: dict[int, Popen] = field(default_factory=dict)
    processes: dict[int, Popen] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL for the service, which names the Sentinels."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.sentinels)
        return f"redis+sentinel://:{PASSWORD}@{hosts}/{SERVICE}/0?sentinel_password={SENTINEL_PASSWORD}"

    def primary(self) -> int:
        """Return the port of the server that the first Sentinel holds for the primary."""
        with self.sentinel() as sentinel:
            _, port = sentinel.sentinel_get_master_addr_by_name(SERVICE)
        return int(port)

    def sentinel(self, number: int = 0) -> "Redis":
        """Return a client of a Sentinel."""
        port = self.sentinels[number]
        return Redis(port=port, password=SENTINEL_PASSWORD, decode_responses=True)

    def await_another_primary(self, than: int) -> int:
        """Wait until the Sentinels have replaced the primary; return the new one's port."""
        block_until(lambda: self.primary() != than, "Another primary", timeout=30)
        return self.primary()


@contextmanager
def watched_servers(program: Program, folder: Path) -> Iterator[Watched]:
    """Run the servers and the Sentinels during the block, which begins when a failover could."""
    first, second = free_port(), free_port()
    found = Watched([free_port() for _ in range(3)])
    with ExitStack() as stack:
        for port in (first, second):
            options = {"port": port, "requirepass": PASSWORD, "masterauth": PASSWORD}
            options |= {**DURABLE, **FOLLOWED}
            if port == second:
                options["replicaof"] = f"127.0.0.1 {first}"
            server = redis_server(program, folder / f"server-{port}", port, options)
            found.processes[port] = stack.enter_context(server)
        # A Sentinel looks for replicas every ten seconds, and would miss this one the first time.
        block_until(lambda: _follows(second), "The replica", timeout=30)
        sentinel = Program(program.name, ("--sentinel",))
        for port in found.sentinels:
            home = folder / f"sentinel-{port}"
            process = redis_server(sentinel, home, port, _watching(port, first))
            found.watching[port] = stack.enter_context(process)
        block_until(lambda: _is_ready(found), "The Sentinels", timeout=30)
        yield found


def _watching(port: int, primary: int) -> dict[str, object]:
    return {
        "port": port,
        "requirepass": SENTINEL_PASSWORD,
        "sentinel monitor": f"{SERVICE} 127.0.0.1 {primary} 2",
        "sentinel auth-pass": f"{SERVICE} {PASSWORD}",
        "sentinel sentinel-pass": SENTINEL_PASSWORD,
        "sentinel down-after-milliseconds": f"{SERVICE} {_AWAY_AFTER}",
        "sentinel failover-timeout": f"{SERVICE} 5000",
    }


def _follows(port: int) -> bool:
    with Redis(port=port, password=PASSWORD) as replica:
        return bool(replica.info("replication")["master_link_status"] == "up")


def _is_ready(found: Watched) -> bool:
    """Whether the Sentinels know each other and the replica, which follows the primary."""
    for number in range(len(found.sentinels)):
        with found.sentinel(number) as sentinel:
            state = sentinel.sentinel_master(SERVICE)
            replicas = sentinel.sentinel_slaves(SERVICE)
        if state["num-other-sentinels"] < 2 or not replicas:
            return False
        if any(replica["master-link-status"] != "ok" for replica in replicas):
            return False
    return True

"""What processes hold: memory, file descriptors, connections, and the CPU time they have taken."""

from pathlib import Path

import psutil
from redis.asyncio import Redis

from shared.local import stack
from tests.bench.running.system import System

_MEGABYTE = 1e6


def megabytes(process: stack.Popen) -> float:
    """Return how much memory a process has, without its children."""
    return float(psutil.Process(process.pid).memory_info().rss / _MEGABYTE)


def descriptors(process: stack.Popen) -> int:
    """Return how many file descriptors a process has open."""
    return int(psutil.Process(process.pid).num_fds())


def peak_of_children(process: stack.Popen) -> float:
    """Return the most megabytes that any living child of a process has had; 0 without children."""
    children = psutil.Process(process.pid).children(recursive=True)
    return max((_peak(child.pid) for child in children), default=0.0)


def _peak(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = (line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(next(found, "0")) * 1024 / _MEGABYTE


async def connections(system: System) -> int:
    """Return how many connections to Postgres and Redis there are, beside those that count them."""
    async with system.database() as database:
        postgres = await database.fetchval(
            """SELECT count(*) FROM pg_stat_activity
               WHERE datname = current_database() AND pid <> pg_backend_pid()"""
        )
    return int(postgres) + await _redis_clients(system) - 1


async def _redis_clients(system: System) -> int:
    async with Redis.from_url(system.env["REDIS_URL"]) as redis:
        return int((await redis.info("clients"))["connected_clients"])


async def server_cpu(system: System) -> dict[str, float]:
    """Return the CPU seconds that Postgres and Redis have taken, with processes that ended."""
    async with system.database() as database:
        data = await database.fetchval("SHOW data_directory")
    async with Redis.from_url(system.env["REDIS_URL"]) as redis:
        server = int((await redis.info("server"))["process_id"])
    return {"Postgres": _with_children(_postmaster(data)), "Redis": _with_children(server)}


def _postmaster(data: str) -> int:
    """Return the process that has a data directory of Postgres."""
    return int(Path(data, "postmaster.pid").read_text().split()[0])


def _with_children(pid: int) -> float:
    process = psutil.Process(pid)
    ended = process.cpu_times()
    seconds = ended.children_user + ended.children_system
    for member in [process, *process.children(recursive=True)]:
        times = member.cpu_times()
        seconds += times.user + times.system
    return float(seconds)

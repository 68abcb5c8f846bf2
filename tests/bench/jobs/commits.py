"""Counts the commits that waited for the disk."""

from tests.bench.running.system import System
from tests.support.waiting import wait_until

_OTHERS = """FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
             AND backend_type = 'client backend'"""
# What the background writes later, for commits that did not wait, is not among them.
_FLUSHES = """SELECT coalesce(sum(fsyncs), 0) FROM pg_stat_io
              WHERE object = 'wal' AND backend_type = 'client backend'"""


async def flushed_commits(system: System) -> int:
    """Return how often a connection to the server has waited until its commit was on the disk.

    A commit that finds another's flush on its way may share it, and counts then only once. All
    connections are ended before, since they report what they did only then, or seconds later.
    """
    async with system.database() as database:
        pids = [
            row["pid"]
            for row in await database.fetch(f"SELECT pid, pg_terminate_backend(pid) {_OTHERS}")
        ]

        async def all_gone() -> bool:
            left = f"SELECT count(*) {_OTHERS} AND pid = ANY($1)"
            return not await database.fetchval(left, pids)

        await wait_until(all_gone, "the connections ended")
        return int(await database.fetchval(_FLUSHES))

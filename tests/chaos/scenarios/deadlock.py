"""The scenario in which another session locks what ours need, in the opposite order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from tests.chaos.audit import audit
from tests.chaos.callers import calling
from tests.chaos.cluster import Cluster, cluster
from tests.chaos.plan import Plan
from tests.chaos.report import Report
from tests.chaos.scenarios.redis import CALM, SLOTS
from tests.support.waiting import wait_until

# Whoever changes the state of a job also writes here, as with a trigger of somebody's own. The
# service's sessions look for deadlocks first, so that they are the ones whose statements fail.
_SETUP = (
    "CREATE TABLE meeting (visits integer NOT NULL)",
    "INSERT INTO meeting VALUES (0)",
    """CREATE FUNCTION meet() RETURNS trigger LANGUAGE plpgsql AS $$
       BEGIN UPDATE meeting SET visits = visits + 1; RETURN NEW; END $$""",
    """CREATE TRIGGER meet AFTER UPDATE ON jobs FOR EACH ROW
       WHEN (NEW.state <> OLD.state) EXECUTE FUNCTION meet()""",
    "ALTER SYSTEM SET deadlock_timeout = '200ms'",
    "SELECT pg_reload_conf()",
)
_WAITING = """SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted
                             AND pg_backend_pid() = ANY(pg_blocking_pids(pid)))"""


async def postgres_deadlocking(plan: Plan) -> Report:
    """Another session and ours lock the same rows in opposite orders, again and again."""
    async with cluster(2, plan.seed, {**plan.settings, **SLOTS}) as system:
        await system.administer(*_SETUP)
        async with calling(system):
            await system.until("state = 'succeeded'", 5)
            async with _session(system) as session:
                for _ in range(2 * plan.kills):
                    await _meet(session)
            await system.administer("DROP TRIGGER meet ON jobs")
            await asyncio.sleep(CALM)
        await system.all_finished()
        report = await audit("postgres_deadlocking", system)
        async with system.database() as database:
            query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            report.notes["deadlocks"] = await database.fetchval(query)
        if not report.notes["deadlocks"]:
            report.problem = "no deadlock came about"
        return report


@asynccontextmanager
async def _session(system: Cluster) -> AsyncIterator[asyncpg.Connection]:
    """Open a session that looks for deadlocks late."""
    async with system.database() as session:
        await session.execute("SET deadlock_timeout = '20s'")
        yield session


async def _meet(session: asyncpg.Connection) -> None:
    """Lock the meeting, wait until others do who hold rows of jobs, and lock those rows."""

    async def waited_for() -> bool:
        return bool(await session.fetchval(_WAITING))

    async with session.transaction():
        await session.execute("UPDATE meeting SET visits = visits")
        await wait_until(waited_for, "a session of ours waited", within=20)
        await session.execute("SELECT 1 FROM jobs ORDER BY id DESC FOR UPDATE")

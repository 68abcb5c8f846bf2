"""Check Postgres: the server, its clock, the schema, and what its tables say about workers."""

from collections.abc import Sequence
from datetime import UTC, datetime

from shared.contracts.features import Queue
from shared.errors import DatabaseUnavailable, SchemaBehind
from shared.settings import Settings
from shared.store.postgres.database import Database, Session
from shared.store.postgres.server import database_size, server_time, server_version, standbys
from shared.store.queue_stats import queue_stats
from shared.store.schema import check_usable, known_revisions
from shared.store.workers import alive_workers
from shared.version import service_version
from worker.cli.diagnosis.access import check_access
from worker.cli.diagnosis.clocks import clock
from worker.cli.diagnosis.finding import Finding, error, ok, reason, warning

_OLDEST_SUPPORTED = 140_000
# Seconds.
_LONG_WAIT = 300


async def check_database(settings: Settings) -> list[Finding]:
    """Check the database of DATABASE_URL. Whatever is wrong with it is a finding, not raised."""
    database = Database.from_settings(settings, process="doctor", pool_size=1)
    try:
        async with database.transaction() as session:
            findings = [await _version(session), await _clock(session), await _standbys(session)]
    except DatabaseUnavailable as away:
        cure = "Start Postgres, or correct DATABASE_URL."
        return [error("postgres", f"cannot be used: {reason(away)}", cure)]
    else:
        return [*findings, *await _tables(database, settings)]
    finally:
        await database.close()


async def _version(session: Session) -> Finding:
    number, size = await server_version(session), await database_size(session)
    detail = f"version {number // 10_000}.{number % 10_000}, database of {size}"
    if number < _OLDEST_SUPPORTED:
        return error("postgres", detail, "Use Postgres 14 or newer.")
    return ok("postgres", detail)


async def _clock(session: Session) -> Finding:
    before = datetime.now(UTC)
    theirs = await server_time(session)
    ours = before + (datetime.now(UTC) - before) / 2
    return clock("clock of postgres", (theirs - ours).total_seconds())


async def _standbys(session: Session) -> Finding:
    following, waited_for = await standbys(session)
    if not following:
        return ok("standbys", "none")
    if waited_for:
        return ok("standbys", f"{following}, and commits wait for what they have")
    cure = "Set synchronous_standby_names, or a failover loses what was acknowledged last."
    return warning("standbys", f"{following}, and no commit waits for them", cure)


async def _tables(database: Database, settings: Settings) -> Sequence[Finding]:
    try:
        await check_usable(database)
    except SchemaBehind as behind:
        return [error("migrations", behind.detail, "Run bin/migrate.")]
    async with database.transaction() as session:
        workers = await _workers(session)
    waiting = [
        _waiting(queue, stats.depth, stats.oldest_age)
        for queue, stats in (await queue_stats(database.fetch)).items()
    ]
    access = await check_access(settings, database)
    return [ok("migrations", f"at {known_revisions()[0]} or newer"), *access, workers, *waiting]


async def _workers(session: Session) -> Finding:
    workers = await alive_workers(session)
    served = {queue for worker in workers for queue in worker.queues}
    unserved = ", ".join(queue for queue in Queue if queue not in served)
    versions = {worker.version for worker in workers}
    detail = f"{len(workers)} alive"
    if unserved:
        cure = f"Start one: WORKER_QUEUES={unserved.replace(' ', '')} python -m worker."
        return warning("workers", f"{detail}; no worker serves {unserved}", cure)
    if versions != {service_version()}:
        detail = f"{detail}, versions {', '.join(sorted(versions))}; this is {service_version()}"
        return warning("workers", detail, "Update all of them to the same version.")
    return ok("workers", detail)


def _waiting(queue: Queue, depth: int, oldest: float) -> Finding:
    detail = f"{depth} waiting" + (f", the oldest for {oldest:.0f} s" if depth else "")
    if oldest > _LONG_WAIT:
        return warning(f"queue {queue}", detail, "Start more workers for this queue.")
    return ok(f"queue {queue}", detail)

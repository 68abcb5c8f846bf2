"""Measures the pages of the console, and the plans of its searches, with a million jobs."""

import hashlib
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import asyncpg
from sqlalchemy import Select

from api.console.rendering import NAVIGATION
from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.contracts.search.conditions import Conditions
from shared.errors import ErrorClass
from shared.store.search.finding import SCANNED, SCANNED_FOR_TEXT
from shared.store.search.ordered import Search
from shared.store.search.places import indexed_places, scanned_places
from tests.bench.bench import Bench
from tests.bench.figures import Figure, milliseconds
from tests.bench.loader.http import Connection
from tests.bench.running.system import System
from tests.support.postgres.many_jobs import LARGEST, fill
from tests.support.postgres.plans import Plan, plan_of, rows_read

_ROWS = 1_000_000
_TIMES = 5
# Milliseconds that a page and a query of it may take.
_GOAL = 300.0
_YEAR = str(365 * 86400)
_KEPT = {"JOB_RETENTION": _YEAR, "ITEMS_AGE_LIMIT": _YEAR, "RECEIPTS_AGE_LIMIT": _YEAR}
_SEVERAL = frozenset((LARGEST, "tenant-1", "tenant-20"))


async def measure(bench: Bench) -> Sequence[Figure]:
    """Fill a system, explain every search, and ask for every page."""
    rows = bench.count(_ROWS, least=300)
    async with bench.system(_KEPT, workers=0) as system:
        bench.note(f"console: {rows:,} rows")
        await fill(system.env["DATABASE_URL"], rows)
        async with system.database() as database:
            plans = await _plans(bench, database, rows)
            pages = await _pages(bench, system, await _paths(database))
    return [*plans, *pages]


async def _plans(bench: Bench, database: asyncpg.Connection, rows: int) -> list[Figure]:
    figures = []
    for name, search in searches(rows):
        bench.note(f"console: {name}")
        plans = [await plan_of(database, query_of(search)) for _ in range(bench.rounds + 1)]
        took = [plan[0]["Execution Time"] for plan in plans[1:]]
        figure = milliseconds(f"query: {name}", took, _GOAL)
        figures.append(figure.model_copy(update={"anchor": _described(plans[-1])}))
    return figures


def query_of(search: Search) -> Select[Any]:
    """Return the query with which a page finds the jobs of a search."""
    indexed = indexed_places(search, 51)
    if indexed is not None:
        return indexed
    most = SCANNED if search.conditions.text is None else SCANNED_FOR_TEXT
    return scanned_places(search, most, 51)


def searches(rows: int) -> Sequence[tuple[str, Search]]:
    """Return a search of every kind, by name, in a database that `fill` has filled with rows."""
    middle = datetime.now(UTC) - timedelta(days=15)
    trace_id = hashlib.md5(str(rows // 2).encode(), usedforsecurity=False).hexdigest()
    kinds: dict[str, dict[str, Any]] = {
        "all": {},
        **{status.value: {"status": status} for status in JobStatus},
        "before a time": {"until": middle},
        "feature": {"feature": Feature.EMBEDDING, "status": JobStatus.FAILED},
        "request id": {"request_id": f"request-{rows // 2}"},
        "trace id": {"trace_id": trace_id},
        "fingerprint": {"fingerprint": "000000000000"},
        "error class": {"error_class": ErrorClass.BUG},
        "code that no job has": {"code": "no-such-code"},
        "worker that ran no job": {"worker_id": "nobody"},
        "text that no job has": {"text": "no such text"},
    }
    reaches = {"all tenants": None, "one tenant": frozenset((LARGEST,)), "three": _SEVERAL}
    return [
        (f"{kind}, {reach}", Search(conditions=Conditions(**wanted), tenants=tenants))
        for kind, wanted in kinds.items()
        for reach, tenants in reaches.items()
    ]


def _described(plan: Plan) -> str:
    indexes = {node["Index Name"] for node in plan if "Index Name" in node}
    scans = {f"Seq Scan of {node['Relation Name']}" for node in plan if _is_whole(node)}
    return f"{rows_read(plan):,.0f} rows read; {', '.join(sorted(indexes | scans))}"


def _is_whole(node: dict[str, Any]) -> bool:
    return bool(node["Node Type"] == "Seq Scan")


async def _paths(database: asyncpg.Connection) -> dict[str, str]:
    job_id, request_id, fingerprint = await database.fetchrow(
        "SELECT id, request_id, fingerprint FROM jobs WHERE state = 'failed' LIMIT 1"
    )
    jobs = {
        "failed": "status=failed",
        "of a tenant": f"tenant={LARGEST}",
        "of a request": f"request_id={request_id}",
        "of a kind of failure": f"fingerprint={fingerprint}",
        "with a text": "text=no+such+text",
        "of a worker": "worker_id=nobody",
    }
    return {
        **{name: path for path, name, _ in NAVIGATION},
        **{f"Jobs {name}": f"/console/jobs?{query}" for name, query in jobs.items()},
        "a job": f"/console/jobs/{job_id}",
    }


async def _pages(bench: Bench, system: System, paths: dict[str, str]) -> list[Figure]:
    connection = await Connection.open(system.url, LARGEST)
    figures = []
    try:
        for name, path in paths.items():
            bench.note(f"console: {name}")
            # Before the first time, nothing is in memory or cached.
            first = await _time(connection, path)
            rounds = [
                median([await _time(connection, path) for _ in range(_TIMES)])
                for _ in range(bench.rounds)
            ]
            figure = milliseconds(f"page: {name}", rounds, _GOAL)
            figures.append(figure.model_copy(update={"anchor": f"the first time: {first:.0f} ms"}))
    finally:
        connection.close()
    return figures


async def _time(connection: Connection, path: str) -> float:
    """Return the milliseconds of a page. Raises RuntimeError if it is not shown."""
    begin = time.perf_counter()
    answer = await connection.get(path)
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status} {answer.body[:500]!r}")
    return (time.perf_counter() - begin) * 1000

"""Reads from Postgres, and from the workers' record, what became of the jobs of a scenario."""

from collections import Counter, defaultdict

import asyncpg

from tests.chaos.cluster import Cluster
from tests.chaos.report import Report

# The number of jobs that each worker may run at the same time if nothing else is set.
_SLOTS = 32
_LEASE = 15.0


async def audit(
    scenario: str, cluster: Cluster, *, may_fail: int = 0, may_repeat: bool = False
) -> Report:
    """Return the report of a scenario, of which `may_fail` jobs are meant to fail.

    `may_repeat` says that Postgres was killed: it may have lost a claim that was not yet on its
    disk, and with it any trace that the job has run before.
    """
    report = Report(scenario, accepted=len(set(cluster.accepted)), refused=cluster.refused)
    async with cluster.database() as database:
        await _count_jobs(report, database, cluster, may_fail)
        again = await _run_again(database, cluster)
        report.slowest_rescue = await _slowest_rescue(database, cluster)
    if may_repeat:
        report.notes["run_again"] = again
    else:
        report.twice += again
    if cluster.env.get("WORKER_QUEUES") != "receipts":
        report.busiest = _busiest(cluster)
        report.slots = int(cluster.env.get("ITEM_SLOTS", _SLOTS))
    processes = [*cluster.workers, *cluster.fronts.values()]
    report.died = sum(process.poll() is not None for process in processes)
    report.slowest_answer = round(max(cluster.answers), 2) if cluster.answers else None
    report.wrong_answers = dict(cluster.wrong_answers)
    return report


async def _count_jobs(
    report: Report, database: asyncpg.Connection, cluster: Cluster, may_fail: int
) -> None:
    """Count the jobs by state and the attempts by outcome, and those that should not be."""
    states = await database.fetch(
        "SELECT state, count(*) FROM jobs WHERE id = ANY($1) GROUP BY state",
        list(set(cluster.accepted)),
    )
    counted = {row["state"]: row["count"] for row in states}
    report.succeeded, report.failed = counted.get("succeeded", 0), counted.get("failed", 0)
    report.lost = report.accepted - report.succeeded - report.failed
    succeeded_twice = await database.fetchval(
        """SELECT count(*) FROM (SELECT job_id FROM job_attempts WHERE outcome = 'succeeded'
           GROUP BY job_id HAVING count(*) > 1) AS twice"""
    )
    keyed = await database.fetchval(
        "SELECT count(*) FROM jobs WHERE idempotency_key = ANY($1)", list(cluster.keys)
    )
    report.twice = succeeded_twice + keyed - len(set(cluster.keys.values()))
    crashed = await database.fetchval(
        """SELECT count(*) FROM job_attempts
           WHERE outcome = 'crashed' AND split_part(worker_id, ':', 2)::int <> ALL($1)""",
        list(cluster.gone),
    )
    report.false_failures = crashed + max(0, report.failed - may_fail)
    ended = await database.fetch(
        """SELECT outcome || coalesce(': ' || (error->>'error_class'), '') AS how, count(*)
           FROM job_attempts GROUP BY how ORDER BY how"""
    )
    report.attempts = {row["how"]: row["count"] for row in ended}


async def _run_again(database: asyncpg.Connection, cluster: Cluster) -> int:
    """Count the jobs that ran to their end more often than the workers that are gone explain."""
    done = Counter(name for happened, _, _, name in _record(cluster) if happened == "done")
    gone = await database.fetch(
        """SELECT payload->>'item_name' AS name,
                  count(*) FILTER (WHERE split_part(attempt.worker_id, ':', 2)::int = ANY($1)
                                   AND attempt.outcome <> 'succeeded') AS gone
           FROM jobs JOIN job_attempts AS attempt ON attempt.job_id = jobs.id GROUP BY jobs.id""",
        list(cluster.gone),
    )
    return sum(done[row["name"]] > 1 + row["gone"] for row in gone)


def _record(cluster: Cluster) -> list[tuple[str, int, float, str]]:
    """Return what happened, in which worker, when, and the item name, in order."""
    if not cluster.record.exists():
        return []
    lines = [line.split(" ", 3) for line in cluster.record.read_text().splitlines()]
    read = [(happened, int(pid), float(at), name) for happened, pid, at, name in lines]
    return sorted(read, key=lambda line: line[2])


def _busiest(cluster: Cluster) -> int | None:
    """Return the largest number of jobs that one worker ran at once; None if none ran."""
    running: dict[int, int] = defaultdict(int)
    most = 0
    for happened, pid, _, _ in _record(cluster):
        running[pid] += 1 if happened == "begun" else -1
        most = max(most, running[pid])
    return most or None


async def _slowest_rescue(database: asyncpg.Connection, cluster: Cluster) -> float | None:
    """Return the longest time from a kill, or from the end of the grace after it, to a rescue."""
    rescues = await database.fetch(
        """SELECT split_part(crashed.worker_id, ':', 2)::int AS pid,
                  extract(epoch FROM next.started_at)::float AS again
           FROM job_attempts AS crashed
           JOIN job_attempts AS next
             ON next.job_id = crashed.job_id AND next.number = crashed.number + 1
           WHERE crashed.outcome = 'crashed'"""
    )
    grace = float(cluster.env.get("LEASE", _LEASE))
    waits = []
    for row in rescues:
        if (began := cluster.killed_at.get(row["pid"])) is None:
            continue
        ends = [end + grace for _, end in cluster.outages if began - grace < end < row["again"]]
        waits.append(max(0.0, row["again"] - max([began, *ends])))
    return round(max(waits), 1) if waits else None

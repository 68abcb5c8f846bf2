"""Reads from Postgres what became of the jobs of a scenario."""

from dataclasses import dataclass, field

from tests.chaos.cluster import Cluster


@dataclass
class Report:
    """Numbers of jobs after a scenario.

    `lost` counts accepted jobs that neither succeeded nor failed as the scenario meant them to.
    `slowest_rescue` is the longest time, in seconds, from a kill to the next start of a job that
    the worker was running; None if no job was rescued.
    """

    scenario: str
    accepted: int = 0
    refused: int = 0
    succeeded: int = 0
    failed: int = 0
    lost: int = 0
    duplicated_results: int = 0
    attempts: dict[str, int] = field(default_factory=dict)
    slowest_rescue: float | None = None
    notes: dict[str, object] = field(default_factory=dict)


async def audit(scenario: str, cluster: Cluster, *, may_fail: int = 0) -> Report:
    """Return the report of a scenario, of which `may_fail` jobs are meant to fail."""
    report = Report(scenario, accepted=len(cluster.accepted), refused=cluster.refused)
    async with cluster.database() as database:
        states = await database.fetch(
            "SELECT state, count(*) FROM jobs WHERE id = ANY($1) GROUP BY state", cluster.accepted
        )
        counted = {row["state"]: row["count"] for row in states}
        report.succeeded, report.failed = counted.get("succeeded", 0), counted.get("failed", 0)
        report.lost = report.accepted - report.succeeded - min(report.failed, may_fail)
        report.duplicated_results = await database.fetchval(
            """SELECT count(*) FROM (SELECT job_id FROM job_attempts WHERE outcome = 'succeeded'
               GROUP BY job_id HAVING count(*) > 1) AS twice"""
        )
        ended = await database.fetch(
            """SELECT outcome || coalesce(': ' || (error->>'error_class'), '') AS how, count(*)
               FROM job_attempts GROUP BY how ORDER BY how"""
        )
        report.attempts = {row["how"]: row["count"] for row in ended}
        rescues = await database.fetch(
            """SELECT split_part(crashed.worker_id, ':', 2)::int AS pid,
                      extract(epoch FROM next.started_at)::float AS again
               FROM job_attempts AS crashed
               JOIN job_attempts AS next
                 ON next.job_id = crashed.job_id AND next.number = crashed.number + 1
               WHERE crashed.outcome = 'crashed'"""
        )
    waits = [
        row["again"] - cluster.killed_at[row["pid"]]
        for row in rescues
        if row["pid"] in cluster.killed_at
    ]
    report.slowest_rescue = round(max(waits), 1) if waits else None
    return report

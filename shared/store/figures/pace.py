"""How fast the jobs of a queue, or those of one tenant in it, get done."""

from dataclasses import dataclass

from shared.contracts.features import Queue
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

_READ = Statement(
    "queues.pace",
    "select",
    """
    SELECT
        count(*) FILTER (WHERE counted) AS ended,
        extract(epoch FROM now() - min(started_at) FILTER (WHERE counted))::float8 AS since,
        avg(extract(epoch FROM finished_at - started_at))::float8 AS run
    FROM jobs CROSS JOIN LATERAL (
        SELECT finished_at > now() - make_interval(secs => $2)
            AND tenant_id = coalesce($3, tenant_id) AS counted
    ) AS filtered
    WHERE queue = $1 AND finished_at > now() - interval '1 minute' AND started_at IS NOT NULL
    """,
)
# The longest window, in seconds. It is that of the statement.
LONGEST = 60.0


@dataclass(frozen=True)
class Pace:
    """What was done: how many jobs `ended` in the last `window` seconds, and what one takes.

    The window begins with the first start of these jobs at the earliest, since nothing was done
    while no worker was there.

    `run` is the mean of the last attempts of all jobs of the queue that ended within a minute, in
    seconds; None if there were none.
    """

    ended: int
    window: float
    run: float | None


async def read_pace(
    database: Database, queue: Queue, window: float, tenant_id: str | None = None
) -> Pace:
    """Return the pace of a queue, or how many jobs of one tenant ended.

    The window has at most 60 seconds. Jobs that never ran do not count. Raises
    DatabaseUnavailable.
    """
    window = min(window, LONGEST)
    (row,) = await database.fetch(_READ, queue, window, tenant_id)
    return Pace(row["ended"], min(window, row["since"] or window), row["run"])

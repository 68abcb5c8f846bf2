"""Finds out in one statement whether there is anything to repair, which at rest there is not."""

from dataclasses import dataclass

from shared.store.postgres.statements import Fetch, Statement


@dataclass(frozen=True)
class Due:
    """What is due for repair.

    `rescue` says whether a lease has run out, `outbox` whether a job that has no message is due,
    and `waiting` whether a job waits whose message was sent so long ago that it could be lost.
    """

    rescue: bool
    outbox: bool
    waiting: bool


_LOOK = Statement(
    "jobs.due",
    "select",
    """
SELECT
    EXISTS (SELECT FROM jobs WHERE state = 'running' AND lease_until < now()) AS rescue,
    EXISTS (
        SELECT FROM jobs WHERE state = 'queued' AND published_at IS NULL AND queued_at <= now()
    ) AS outbox,
    EXISTS (
        SELECT FROM jobs
        WHERE state = 'queued' AND published_at < now() - make_interval(secs => $1)
    ) AS waiting
""",
)


async def look(fetch: Fetch, settled: float) -> Due:
    """Return what is due. A message may be lost if it was sent more than `settled` seconds ago.

    Raises DatabaseUnavailable.
    """
    (row,) = await fetch(_LOOK, settled)
    return Due(row["rescue"], row["outbox"], row["waiting"])

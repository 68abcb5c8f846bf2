"""Claims the jobs of many messages at once, and knows which jobs are in this worker's hands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.features import Queue
from shared.store.hot.claiming import Claim, Claims, claim
from shared.store.postgres.database import Database
from shared.store.publication import MessageKey
from worker.jobs.reports import Reports
from worker.jobs.running_jobs import RunningJobs, Stop


@dataclass(frozen=True)
class Claimed:
    """What became of messages.

    `claims` are those that they led to. Those in `later` may be taken again when the attempt that
    they wait for has ended here, and those in `again` have to be claimed again after a pause. The
    jobs of those in `here` run here under the same dispatch. All other messages stand for no job
    that waits, and are done.
    """

    claims: Mapping[MessageKey, Claim]
    later: frozenset[MessageKey]
    again: frozenset[MessageKey]
    here: frozenset[MessageKey]


class Claiming:
    """Claims jobs for one worker, and never one whose last attempt it has not ended yet."""

    def __init__(
        self,
        database: Database,
        running: RunningJobs,
        reports: Reports,
        *,
        worker_id: str,
        lease: float,
    ) -> None:
        """`lease` is for how many seconds a claim lasts without a heartbeat."""
        self._database = database
        self._running = running
        self._reports = reports
        self._worker_id = worker_id
        self._lease = lease
        # The dispatch of each job in our hands, from its claim until its ending is stored.
        self._here: dict[UUID, int] = {}
        # Those that may have been claimed though no answer came.
        self._unanswered: set[MessageKey] = set()

    async def claim(self, queue: Queue, keys: Sequence[MessageKey]) -> Claimed:
        """Claim the jobs of a queue that these messages stand for.

        `ended` has to be called for each claim. Raises DatabaseUnavailable, after which the same
        messages have to be claimed again.
        """
        here = {job_id: self._here[job_id] for job_id, _ in keys if job_id in self._here}
        # A newer message means that the claim was lost. It has to wait until the run has ended.
        later = frozenset(key for key in keys if key[0] in here and key[1] > here[key[0]])
        for job_id, _ in later:
            self._running.stop(job_id, Stop.LEASE_LOST)
        free = [key for key in keys if key[0] not in here]
        claims = await self._claim(queue, free) if free else Claims([])
        for held in claims.made:
            self._here[held.job_id] = held.dispatch
            self._reports.changed(held.job_id)
        # A run may have ended while Postgres was asked for the others.
        over = frozenset(key for key in later if key[0] not in self._here)
        return Claimed(
            claims={(held.job_id, held.dispatch): held for held in claims.made},
            later=later - over,
            again=claims.locked | over,
            here=frozenset(key for key in keys if here.get(key[0]) == key[1]),
        )

    def ended(self, held: Claim) -> None:
        """Take note that the attempt of a claim is over."""
        del self._here[held.job_id]

    async def _claim(self, queue: Queue, keys: Sequence[MessageKey]) -> Claims:
        try:
            claims = await claim(
                self._database.fetch, queue, keys, self._worker_id, self._lease, self._unanswered
            )
        except BaseException:
            # Whatever it is, the claims may have been made.
            self._unanswered.update(keys)
            raise
        # A row that is locked may be so by the statement whose answer was lost.
        self._unanswered.difference_update(set(keys) - claims.locked)
        return claims

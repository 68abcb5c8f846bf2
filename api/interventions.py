"""Interventions: a caller cancels a job or has it run again, through the API or the console."""

from dataclasses import dataclass
from uuid import UUID

from api.front import Front
from api.telling.cancelled import announce_cancelled
from shared.contracts.jobs import JobStatus
from shared.rejections import NotCancellable, NotRetryable
from shared.store import transitions
from shared.store.access.audit import record
from shared.store.hot.reading import JobRow
from shared.store.jobs import JobRepository


@dataclass(frozen=True)
class Operator:
    """Who intervenes in the console: the audit names it. `name` is the id of a token."""

    name: str
    request_id: str | None

    def about(self, tenant_id: str) -> dict[str, str | None]:
        """Return what else the audit keeps of an intervention in a tenant's job."""
        return {"tenant_id": tenant_id, "request_id": self.request_id}


async def cancel(
    front: Front, job_id: UUID, tenant_id: str, operator: Operator | None = None
) -> tuple[JobRow, bool]:
    """Cancel a job: a queued one at once, a running one within two seconds.

    Returns the job, and whether it still runs. Cancelling a cancelled job changes nothing. Raises
    JobNotFound and NotCancellable.
    """
    async with front.database.transaction() as session:
        asked = await transitions.cancel(session, job_id, tenant_id)
        if asked is not None and operator is not None:
            await record(
                session, "job.cancel", operator.name, str(job_id), **operator.about(tenant_id)
            )
    if asked is not None and asked.state is JobStatus.CANCELLED:
        # Before anything can fail that the caller would repeat, for then this was done already.
        await announce_cancelled(front.waiters, front.metrics, job_id, asked)
    job = await front.reads.job(job_id, tenant_id)
    if asked is None and job.status is not JobStatus.CANCELLED:
        raise NotCancellable(f"The job is {job.status} and can no longer be cancelled.")
    return job, asked is not None and asked.state is JobStatus.RUNNING


async def retry(
    front: Front, job_id: UUID, tenant_id: str, operator: Operator | None = None
) -> JobRow:
    """Run a failed or cancelled job again, with new budgets and the history that it has.

    Raises JobNotFound, NotRetryable, and what `Admission.check` raises.
    """
    await _revive(front, job_id, tenant_id, operator)
    async with front.database.transaction() as session:
        job = await JobRepository(session).find(job_id, tenant_id)
    if job is not None:
        await front.submissions.publish_again(job)
    return await front.reads.job(job_id, tenant_id)


async def _revive(front: Front, job_id: UUID, tenant_id: str, operator: Operator | None) -> None:
    job = await front.reads.job(job_id, tenant_id)
    front.draining.check()
    await front.admission.check(job.feature.queue, tenant_id)
    async with front.database.transaction() as session:
        revived = await transitions.revive(session, job_id, tenant_id)
        if revived and operator is not None:
            await record(
                session, "job.retry", operator.name, str(job_id), **operator.about(tenant_id)
            )
    if not revived:
        raise NotRetryable(
            f"The job is {job.status}; only failed or cancelled jobs can be retried."
        )

"""Inserts new jobs and reads jobs. Only `shared/store/transitions/` changes them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.rejections import IdempotencyKeyReused
from shared.store.conditions import is_any_of
from shared.store.lists import JobFilter, newest
from shared.store.models import Job, JobAttempt, JobImage
from shared.telemetry.trace_context import Carrier

# For how long after its end a job's result is returned for the same content; an SQL interval.
REUSE = "1 hour"


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """The values of a job to be inserted.

    Two requests have the same `request_hash` if and only if they ask for the same work.
    """

    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    priority: int
    payload: dict[str, Any]
    image: bytes | None
    idempotency_key: str | None
    content_key: str | None
    request_hash: str
    trace_carrier: Carrier = field(default_factory=dict)


class JobRepository:
    """Inserts and queries of jobs within the caller's transaction, which it never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewJob) -> tuple[Job, bool]:
        """Insert a job, or find the existing one with its keys; return it and whether it was found.

        The second of two concurrent equal inserts waits for the first and then finds its job.
        Raises IdempotencyKeyReused if the idempotency key stands for other work.
        """
        while True:
            if (found := await self.find_same(new)) is not None:
                return found, True
            if (job := await self._insert(new)) is not None:
                return job, False

    async def find(self, job_id: UUID, tenant_id: str) -> Job | None:
        """Return the job, or None if there is none or it belongs to another tenant."""
        query = select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id)
        return (await self._session.scalars(query)).one_or_none()

    async def find_all(self, job_ids: Sequence[UUID]) -> Sequence[Job]:
        """Return those of the jobs that exist, in no particular order."""
        return (await self._session.scalars(select(Job).where(is_any_of(Job.id, job_ids)))).all()

    async def page(self, wanted: JobFilter, limit: int) -> Sequence[Job]:
        """Return up to `limit` of the wanted jobs, newest first."""
        return (await self._session.scalars(newest(wanted, limit))).all()

    async def attempts(self, job_ids: Sequence[UUID]) -> dict[UUID, list[JobAttempt]]:
        """Return the recorded attempts of each job, oldest first."""
        query = (
            select(JobAttempt)
            .where(is_any_of(JobAttempt.job_id, job_ids))
            .order_by(JobAttempt.number)
        )
        attempts: dict[UUID, list[JobAttempt]] = {job_id: [] for job_id in job_ids}
        for attempt in await self._session.scalars(query):
            attempts[attempt.job_id].append(attempt)
        return attempts

    async def _insert(self, new: NewJob) -> Job | None:
        values = {
            "id": uuid4(),
            "tenant_id": new.tenant_id,
            "user_id": new.user_id,
            "request_id": new.request_id,
            "feature": new.feature,
            "queue": new.feature.queue,
            "priority": new.priority,
            "payload": new.payload,
            "idempotency_key": new.idempotency_key,
            "content_key": new.content_key,
            "request_hash": new.request_hash,
            "trace_carrier": new.trace_carrier,
        }
        statement = insert(Job).values(values).on_conflict_do_nothing().returning(Job)
        job = await self._session.scalar(statement)
        if job is not None and new.image is not None:
            await self._session.execute(insert(JobImage).values(job_id=job.id, content=new.image))
        return job

    async def find_same(self, new: NewJob) -> Job | None:
        """Return the existing job that has the idempotency key or the content key of `new`.

        Raises IdempotencyKeyReused if the idempotency key stands for other work.
        """
        if new.idempotency_key is not None:
            found = (await self._session.scalars(_by_idempotency_key(new))).one_or_none()
            if found is not None and found.request_hash != new.request_hash:
                raise IdempotencyKeyReused
            return found
        if new.content_key is not None:
            return (await self._session.scalars(_by_content_key(new))).one_or_none()
        return None


def _by_idempotency_key(new: NewJob) -> Select[tuple[Job]]:
    return select(Job).where(
        Job.tenant_id == new.tenant_id, Job.idempotency_key == new.idempotency_key
    )


def _by_content_key(new: NewJob) -> Select[tuple[Job]]:
    """Select the newest job with this content that is live or succeeded within REUSE.

    A failed job is never reused.
    """
    recent = Job.finished_at > func.now() - text(f"interval '{REUSE}'")
    live = Job.state.in_((JobStatus.QUEUED, JobStatus.RUNNING))
    return (
        select(Job)
        .where(
            Job.tenant_id == new.tenant_id,
            Job.content_key == new.content_key,
            live | ((Job.state == JobStatus.SUCCEEDED) & recent),
        )
        .order_by(Job.created_at.desc())
        .limit(1)
    )

"""Writing new jobs and reading any. Changing one is the business of `shared/store/transitions/`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Select, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.rejections import IdempotencyKeyReused
from shared.store.models import Job, JobAttempt, JobImage
from shared.telemetry.trace_context import Carrier

# How long finished work is found again by a call that says the same.
REUSE = "1 hour"


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """All that a job starts with. `request_hash` is the same for the same work, and only then."""

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


@dataclass(frozen=True, kw_only=True)
class JobFilter:
    """Which jobs of a tenant to list; `before` is the key of the last row of the page before."""

    tenant_id: str
    state: JobStatus | None = None
    feature: Feature | None = None
    since: datetime | None = None
    before: tuple[datetime, UUID] | None = None


class JobRepository:
    """Jobs within one transaction of the caller's; never commits."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, new: NewJob) -> tuple[Job, bool]:
        """Insert a job, or find the one that its keys name already: (job, whether it was found).

        Raises IdempotencyKeyReused when the key stands for other work. Safe in a race: the second
        of two equal inserts waits for the first and then finds it.
        """
        while True:
            if (found := await self.find_same(new)) is not None:
                return found, True
            if (job := await self._insert(new)) is not None:
                return job, False

    async def find(self, job_id: UUID, tenant_id: str) -> Job | None:
        """The job, if it is this tenant's."""
        query = select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id)
        return (await self._session.scalars(query)).one_or_none()

    async def find_finished(self, job_ids: Sequence[UUID]) -> Sequence[Job]:
        """Those of the jobs that have ended."""
        finished = [status for status in JobStatus if status.finished]
        query = select(Job).where(Job.id.in_(job_ids), Job.state.in_(finished))
        return (await self._session.scalars(query)).all()

    async def page(self, wanted: JobFilter, limit: int) -> Sequence[Job]:
        """Up to `limit` jobs, newest first."""
        query = (
            select(Job)
            .where(Job.tenant_id == wanted.tenant_id)
            .order_by(Job.created_at.desc(), Job.id.desc())
            .limit(limit)
        )
        if wanted.state:
            query = query.where(Job.state == wanted.state)
        if wanted.feature:
            query = query.where(Job.feature == wanted.feature)
        if wanted.since:
            query = query.where(Job.created_at >= wanted.since)
        if wanted.before:
            query = query.where(tuple_(Job.created_at, Job.id) < wanted.before)
        return (await self._session.scalars(query)).all()

    async def attempts(self, job_ids: Sequence[UUID]) -> dict[UUID, list[JobAttempt]]:
        """The attempts of each job, in order."""
        query = select(JobAttempt).where(JobAttempt.job_id.in_(job_ids)).order_by(JobAttempt.number)
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
        """The job that the keys of `new` name, if there is one. Raises IdempotencyKeyReused."""
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
    """The live job of this content, or one that succeeded lately. Failed ones are never joined."""
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

"""Reads the states of jobs, without their payloads and results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.events import EventId, JobEvent
from shared.contracts.jobs import JobStatus
from shared.errors import Bug
from shared.store.conditions import is_any_of
from shared.store.conversion import convert_each
from shared.store.models import Job


@dataclass(frozen=True)
class JobState:
    """The state of a job as listeners see it, and the tenant who may see it."""

    tenant_id: str
    id: EventId
    event: JobEvent

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.event.status.finished


async def read_states(
    session: AsyncSession, job_ids: Sequence[UUID]
) -> Mapping[UUID, JobState | Bug]:
    """Return the states of those jobs that exist, and a Bug for one that cannot be read."""
    # Columns and not rows of the mapped class, which would cost several times as much.
    query = select(
        Job.id,
        Job.tenant_id,
        Job.dispatch,
        Job.state,
        Job.attempt,
        Job.error,
        Job.created_at,
        Job.started_at,
        Job.finished_at,
    ).where(is_any_of(Job.id, job_ids))
    return convert_each({row.id: row for row in await session.execute(query)}, _state)


def _state(row: Row[Any]) -> JobState:
    return JobState(
        row.tenant_id,
        EventId.of(row.dispatch, row.attempt, JobStatus(row.state)),
        JobEvent(
            job_id=row.id,
            status=row.state,
            attempt=row.attempt,
            error=row.error,
            created_at=row.created_at,
            started_at=row.started_at,
            finished_at=row.finished_at,
        ),
    )

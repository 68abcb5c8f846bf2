"""Reads the states of jobs, without their payloads and results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.contracts.events import EventId, JobEvent
from shared.contracts.jobs import JobError
from shared.errors import Bug
from shared.store.conversion import convert_each
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement

_READ = Statement(
    "jobs.states",
    "select",
    "SELECT id, tenant_id, dispatch, state, attempt, error, created_at, started_at, finished_at"
    " FROM jobs WHERE id = ANY($1::uuid[])",
)


@dataclass(frozen=True)
class JobState:
    """The state of a job as listeners see it, and the tenant who may see it."""

    tenant_id: str
    id: EventId
    event: JobEvent

    @classmethod
    def of(cls, event: JobEvent, *, tenant_id: str, dispatch: int) -> "JobState":
        """Return the state that `event` says, of a job with that number of its dispatch."""
        return cls(tenant_id, EventId.of(dispatch, event.attempt, event.status), event)

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.event.status.finished


async def read_states(database: Database, job_ids: Sequence[UUID]) -> Mapping[UUID, JobState | Bug]:
    """Return the states of those jobs that exist, and a Bug for one that cannot be read."""
    found = await database.fetch(_READ, job_ids)
    return convert_each({row["id"]: row for row in found}, _state)


def _state(row: Row) -> JobState:
    error = row["error"]
    return JobState.of(
        JobEvent(
            job_id=row["id"],
            status=row["state"],
            attempt=row["attempt"],
            error=JobError.model_validate_json(error) if error else None,
            created_at=row["created_at"],
            started_at=row["started_at"],
            finished_at=row["finished_at"],
        ),
        tenant_id=row["tenant_id"],
        dispatch=row["dispatch"],
    )

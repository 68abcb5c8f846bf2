"""Reads whole jobs, a row for each, with its attempts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from shared.contracts.events import JobEvent
from shared.contracts.features import Feature
from shared.contracts.jobs import AttemptView, JobError, JobStatus
from shared.errors import Bug
from shared.store.conversion import convert_each
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement
from shared.store.states import JobState
from shared.telemetry.trace_context import trace_id

# What `job_row` needs of a row of the table `jobs`. Times become text in UTC within the JSON.
JOB_COLUMNS = """
    jobs.id, jobs.tenant_id, jobs.user_id, jobs.request_id, jobs.feature, jobs.state,
    jobs.priority, jobs.dispatch, jobs.attempt, jobs.published_at IS NOT NULL AS published,
    jobs.payload, jobs.output, jobs.error, jobs.model_id, jobs.model_version, jobs.created_at,
    jobs.started_at, jobs.finished_at, jobs.trace_carrier->>'traceparent' AS traceparent,
    (
        SELECT json_agg(
            json_build_object(
                'number', number, 'outcome', outcome, 'worker_id', worker_id,
                'started_at', to_char(started_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ'),
                'finished_at',
                to_char(finished_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.USZ'),
                'error', error, 'stages', stages
            ) ORDER BY number
        )
        FROM job_attempts WHERE job_attempts.job_id = jobs.id
    ) AS attempts
"""
_READ = Statement(
    "jobs.read",
    "select",
    f"SELECT {JOB_COLUMNS} FROM jobs WHERE id = ANY($1::uuid[])",  # noqa: S608 (a constant)
)
_READ_OF_TENANT = Statement(_READ.name, _READ.operation, f"{_READ.sql} AND tenant_id = $2")
_ATTEMPTS = TypeAdapter(list[AttemptView])


@dataclass(frozen=True, kw_only=True, slots=True)
class JobRow:
    """A job with its attempts, as it is stored.

    `payload` and `output` are JSON text, which most readers pass on as it is. The columns that a
    newer version may have filled with what this one does not know have been checked.
    """

    id: UUID
    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    status: JobStatus
    priority: int
    # Whether the message of the current dispatch has been published.
    published: bool
    payload: str
    output: str | None = None
    error: JobError | None = None
    attempts: Sequence[AttemptView] = ()
    model_id: str | None = None
    model_version: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    trace_id: str | None
    # The numbers of the dispatch, and of the latest attempt; 0 before the first.
    dispatch: int = 1
    attempt: int = 0

    @property
    def finished(self) -> bool:
        """Whether the job has ended."""
        return self.status.finished

    @property
    def state(self) -> JobState:
        """The state of the job as listeners see it."""
        event = JobEvent(
            job_id=self.id,
            status=self.status,
            attempt=self.attempt,
            error=self.error,
            created_at=self.created_at,
            started_at=self.started_at,
            finished_at=self.finished_at,
        )
        return JobState.of(event, tenant_id=self.tenant_id, dispatch=self.dispatch)


async def read_jobs(
    database: Database, job_ids: Sequence[UUID], tenant_id: str | None = None
) -> Mapping[UUID, JobRow | Bug]:
    """Return those of the jobs that exist, and a Bug for one that this version cannot read.

    With a tenant, the jobs of others do not exist.
    """
    if tenant_id is None:
        found = await database.fetch(_READ, job_ids)
    else:
        found = await database.fetch(_READ_OF_TENANT, job_ids, tenant_id)
    return convert_each({row["id"]: row for row in found}, job_row)


def job_row(row: Row) -> JobRow:
    """Return the job of a row that has JOB_COLUMNS.

    Raises ValueError if a newer version has written what this one does not know.
    """
    traceparent, error, attempts = row["traceparent"], row["error"], row["attempts"]
    return JobRow(
        id=row["id"],
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        request_id=row["request_id"],
        feature=Feature(row["feature"]),
        status=JobStatus(row["state"]),
        priority=row["priority"],
        published=row["published"],
        payload=row["payload"],
        output=row["output"],
        error=JobError.model_validate_json(error) if error else None,
        attempts=_ATTEMPTS.validate_json(attempts) if attempts else (),
        model_id=row["model_id"],
        model_version=row["model_version"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        trace_id=trace_id({"traceparent": traceparent}) if traceparent else None,
        dispatch=row["dispatch"],
        attempt=row["attempt"],
    )

"""The JSON of a job is what its model would make of the row, key by key."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from api.job_views import encode_job
from shared.contracts.features import Feature
from shared.contracts.jobs import AttemptView, JobError, JobStatus, JobView
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import ErrorClass
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.models import Job, JobAttempt
from shared.store.postgres.database import Database

# What Postgres can store.
_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12)
_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 (given the zone)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(_TEXT, _JSON | _TEXT, max_size=4)
_ERRORS = st.builds(
    lambda **values: JobError(**values).model_dump(mode="json"),
    code=_TEXT,
    error_class=st.sampled_from(ErrorClass),
    detail=_TEXT,
    retryable=st.booleans(),
)
_ATTEMPTS = st.fixed_dictionaries(
    {
        "outcome": st.sampled_from(["succeeded", "failed", "crashed", "released", "cancelled"]),
        "worker_id": _TEXT,
        "started_at": _TIMES,
        "finished_at": _TIMES,
        "error": st.none() | _ERRORS,
        "stages": st.lists(
            st.fixed_dictionaries(
                {
                    "name": _TEXT,
                    "start_ms": st.floats(0, 1e6),
                    "duration_ms": st.floats(0, 1e6),
                }
            ),
            max_size=3,
        ),
    }
)
_CARRIERS = st.sampled_from(
    [{}, {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}]
)
_ENDED = [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.QUEUED]
_JOBS = st.fixed_dictionaries(
    {
        "tenant_id": _TEXT,
        "user_id": st.none() | _TEXT,
        "request_id": st.none() | _TEXT,
        "feature": st.sampled_from(Feature),
        "state": st.sampled_from(_ENDED),
        "priority": st.integers(0, 9),
        "published_at": st.none() | _TIMES,
        "payload": _OBJECTS | st.builds(lambda value: {**value, "errors": [{"id": 1}]}, _OBJECTS),
        "output": st.none() | _OBJECTS,
        "error": st.none() | _ERRORS,
        "model_id": st.none() | _TEXT,
        "model_version": st.none() | _TEXT,
        "created_at": _TIMES,
        "started_at": st.none() | _TIMES,
        "finished_at": st.none() | _TIMES,
        "trace_carrier": _CARRIERS,
    }
)


@settings(
    max_examples=50,
    deadline=None,
    # Shrinking takes minutes, and the whole value is in the report of a failure.
    phases=[Phase.explicit, Phase.generate],
    # Every example has an id of its own, so the fixture need not be new.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(job=_JOBS, attempts=st.lists(_ATTEMPTS, max_size=2))
async def test_the_json_is_that_of_the_model(
    database: Database, job: dict[str, Any], attempts: list[dict[str, Any]]
) -> None:
    """Whatever is stored, both parse to the same, in the same order."""
    job_id = uuid4()
    rows = [
        JobAttempt(job_id=job_id, number=number, **attempt)
        for number, attempt in enumerate(attempts, 1)
    ]
    async with database.transaction() as session:
        # An object would leave out what is None, and get the default of the column.
        stored = {"id": job_id, "queue": Feature(job["feature"]).queue, "request_hash": "h", **job}
        await session.execute(insert(Job).values(stored))
        session.add_all(rows)
    found = (await read_jobs(database, [job_id]))[job_id]
    assert isinstance(found, JobRow)

    expected = _model(Job(id=job_id, **job), rows).model_dump(mode="json")
    assert json.dumps(json.loads(encode_job(found))) == json.dumps(expected)


def _model(job: Job, attempts: list[JobAttempt]) -> JobView:
    """Return the model of a job, made of decoded values."""
    output = job.output
    if output is not None and "errors" not in output and job.payload.get("errors"):
        output = {**output, "errors": job.payload["errors"]}
    ended = job.finished_at
    return JobView(
        id=job.id,
        tenant_id=job.tenant_id,
        user_id=job.user_id,
        request_id=job.request_id,
        feature=Feature(job.feature),
        status=JobStatus(job.state),
        priority=job.priority,
        dispatch="published" if job.published_at else "deferred",
        input_payload=job.payload,
        output_payload=output,
        error=JobError.model_validate(job.error) if job.error else None,
        attempts=[
            AttemptView(
                number=attempt.number,
                outcome=AttemptOutcome(attempt.outcome),
                worker_id=attempt.worker_id,
                started_at=attempt.started_at,
                finished_at=attempt.finished_at,
                error=JobError.model_validate(attempt.error) if attempt.error else None,
                stages=attempt.stages,
            )
            for attempt in attempts
        ],
        model_id=job.model_id,
        model_version=job.model_version,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        latency_ms=ended and round((ended - job.created_at).total_seconds() * 1000, 3),
        trace_id=(job.trace_carrier.get("traceparent") or "--").split("-")[1] or None,
    )

"""The JSON of jobs that callers see, which `JobView` describes.

A stored payload or output becomes part of it as it is, without being decoded and checked again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from fastapi import Response
from pydantic import TypeAdapter

from shared.contracts.fields.entries import with_refused_entries
from shared.contracts.jobs import AttemptView
from shared.errors import Bug
from shared.store.hot.reading import JobRow

JSON = "application/json"
# Times end with Z, as pydantic writes them.
_OPTIONS = orjson.OPT_UTC_Z
_ATTEMPTS = TypeAdapter(Sequence[AttemptView])


def job_response(
    job: JobRow, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer that shows a job."""
    return Response(encode_job(job), status, headers, JSON)


def encode_job(job: JobRow) -> bytes:
    """Return a job as JSON."""
    return orjson.dumps(
        {
            "id": str(job.id),
            "tenant_id": job.tenant_id,
            "user_id": job.user_id,
            "request_id": job.request_id,
            "feature": job.feature.value,
            "status": job.status.value,
            "priority": job.priority,
            "dispatch": "published" if job.published else "deferred",
            "input_payload": orjson.Fragment(job.payload),
            "output_payload": _stored_output(job),
            "error": job.error and job.error.model_dump(mode="json"),
            "attempts": orjson.Fragment(_ATTEMPTS.dump_json(job.attempts)) if job.attempts else (),
            "model_id": job.model_id,
            "model_version": job.model_version,
            "created_at": job.created_at,
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "latency_ms": latency_ms(job),
            "trace_id": job.trace_id,
        },
        option=_OPTIONS,
    )


def page_response(
    job_ids: Iterable[UUID],
    jobs: Mapping[UUID, JobRow | Bug],
    *,
    next_cursor: str | None = None,
    scanned_until: datetime | None = None,
    missing: Sequence[str] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the answer that shows those of `job_ids` that are in `jobs`, as `JobPage` describes.

    A job that cannot be read is named, and spoils no other.
    """
    found = [(job_id, jobs[job_id]) for job_id in job_ids if job_id in jobs]
    page = {
        "jobs": [orjson.Fragment(encode_job(job)) for _, job in found if isinstance(job, JobRow)],
        "next_cursor": next_cursor,
        "scanned_until": scanned_until,
        "missing": missing,
        "unreadable": [str(job_id) for job_id, job in found if isinstance(job, Bug)],
    }
    return Response(orjson.dumps(page, option=_OPTIONS), headers=headers, media_type=JSON)


def output_of(job: JobRow) -> dict[str, Any] | None:
    """Return the output of a job for callers who need a part of it; None if there is none."""
    if job.output is None:
        return None
    return with_refused_entries(json.loads(job.output), json.loads(job.payload))


def latency_ms(job: JobRow) -> float | None:
    """Return the milliseconds from acceptance to the end, or None for an unfinished job."""
    if job.finished_at is None:
        return None
    return round((job.finished_at - job.created_at).total_seconds() * 1000, 3)


def _stored_output(job: JobRow) -> orjson.Fragment | None:
    """Return the output as it is stored, unless refused entries have to be added to it."""
    if job.output is None:
        return None
    if '"errors"' in job.payload:
        # orjson writes no integers of more than 64 bits, which the id of an entry may have.
        return orjson.Fragment(json.dumps(output_of(job)))
    return orjson.Fragment(job.output)

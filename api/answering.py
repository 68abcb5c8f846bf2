"""The waiting calls: submit like everybody else, then wait for the result and answer with it."""

from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request

from api.errors import JobFailed
from api.front import Front
from api.job_views import read_job
from api.request_context import adopt_request_id
from api.submission import Submitted
from shared.contracts.jobs import Answer, AnswerMetadata, JobStatus, JobView
from shared.contracts.requests import JobRequest
from shared.contracts.text import Contract
from shared.errors import StillRunning
from shared.store.models import Job

P = TypeVar("P", bound=Contract)


@dataclass(frozen=True)
class Done:
    """A job that succeeded, as an answer to one request."""

    job: JobView
    output: dict[str, Any]
    replayed: bool

    @property
    def metadata(self) -> AnswerMetadata:
        """What the envelope tells about the job."""
        return AnswerMetadata(
            job_id=self.job.id,
            trace_id=self.job.trace_id,
            model_id=self.job.model_id,
            model_version=self.job.model_version,
            latency_ms=self.job.latency_ms,
            replayed=self.replayed,
        )


async def answer(
    http: Request,
    front: Front,
    request: JobRequest,
    idempotency_key: str | None,
    *,
    image: bytes | None = None,
) -> Done:
    """Have the work done and wait for it, ANSWER_TIMEOUT at most.

    The same request finds the same job, live or done within the last hour. Raises what `submit`
    raises, StillRunning, and JobFailed.
    """
    adopt_request_id(http, request.request_id)
    submitted: Submitted = await front.submissions.submit(
        request, idempotency_key=idempotency_key, join_same_content=True, image=image
    )
    job = await front.waiters.wait(submitted.job.id, front.settings.answer_timeout)
    if job is None:
        await _raise_what_it_waits_for(front, submitted.job)
        raise StillRunning(
            f"Job {submitted.job.id} is not done yet and goes on; ask for it, or repeat this "
            "request without `fresh`."
        )
    if job.error is not None:
        raise JobFailed(job.error)
    if job.status is not JobStatus.SUCCEEDED or job.output_payload is None:
        raise StillRunning
    return Done(job, job.output_payload, submitted.replayed)


async def _raise_what_it_waits_for(front: Front, job: Job) -> None:
    """Raise JobFailed with what a job that was put back waits for; return when it has not been."""
    async with front.database.transaction() as session:
        view = await read_job(session, job.id, job.tenant_id)
    if view.error is not None:
        raise JobFailed(view.error)


def envelope(request_id: str | None, payload: P, done: Done) -> Answer[P]:
    """The envelope in which most waiting calls answer."""
    return Answer(
        request_id=request_id,
        status="success",
        payload=payload,
        error=None,
        metadata=done.metadata,
    )

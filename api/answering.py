"""Waiting calls: they submit a job as any caller does, then wait and answer with its result."""

from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import Request

from api.access.priority import with_permitted_priority
from api.access.rate_limits import count_tenant
from api.access.tenants import agreed_tenant
from api.errors import JobFailed
from api.front import Front
from api.job_views import latency_ms, output_of
from api.requests.body import BodyRequest
from api.requests.context import adopt_request_id, request_id_of
from api.submission.submitted import Submitted, Work
from shared.contracts.features import Queue
from shared.contracts.jobs import Answer, AnswerMetadata, JobStatus
from shared.contracts.requests import JobRequest
from shared.contracts.text import Contract
from shared.errors import Loading, NoWorker, StillRunning
from shared.store.hot.reading import JobRow

P = TypeVar("P", bound=Contract)


@dataclass(frozen=True)
class Done:
    """A job that succeeded and its output. `replayed`: the job existed before this request."""

    job: JobRow
    output: dict[str, Any]
    replayed: bool

    @property
    def metadata(self) -> AnswerMetadata:
        """What the envelope says about the job."""
        return AnswerMetadata(
            job_id=self.job.id,
            trace_id=self.job.trace_id,
            model_id=self.job.model_id,
            model_version=self.job.model_version,
            finished_at=self.job.finished_at,
            latency_ms=latency_ms(self.job),
            replayed=self.replayed,
        )


async def answer(
    http: Request, front: Front, request: JobRequest, idempotency_key: str | None
) -> Done:
    """Submit the work and wait for its result, for at most ANSWER_TIMEOUT seconds.

    The same request finds the same job if that is unfinished or succeeded in the last hour. Raises
    Forbidden, whatever `submit` raises, NoWorker if no worker serves the queue, Loading or
    StillRunning if time runs out, and JobFailed.
    """
    adopt_request_id(http, request.request_id)
    submitted = await accept_from(http, front, request, idempotency_key, join_same_content=True)
    job = await _ended(front, submitted)
    if job.error is not None:
        raise JobFailed(job.error)
    output = output_of(job)
    if job.status is not JobStatus.SUCCEEDED or output is None:
        raise StillRunning
    return Done(job, output, submitted.replayed)


async def accept_from(
    http: Request,
    front: Front,
    request: JobRequest,
    idempotency_key: str | None,
    *,
    join_same_content: bool = False,
) -> Submitted:
    """Accept the job of a request, of whose body nothing large is kept afterwards.

    Raises Forbidden, RateLimited, and what `Submissions.accept` raises.
    """
    assert isinstance(http, BodyRequest)  # noqa: S101 (FastAPI wants the annotation `Request`)
    agreed_tenant(http, request.tenant)
    await count_tenant(http.scope, request.tenant)
    permitted = with_permitted_priority(http, request)
    work = Work(
        permitted,
        idempotency_key,
        join_same_content,
        image=http.take_image(),
        request_id=request_id_of(http),
    )
    submitted = await front.submissions.accept(work)
    http.leave_place()
    return submitted


async def publish_and_wait(
    front: Front, submitted: Submitted, within: float, *, needs: Queue | None = None
) -> JobRow | None:
    """Send the message of a job that was accepted, if it is new, and wait for the end of the job.

    Returns None after `within` seconds. Raises what `Waiters.wait` raises, and with `needs`
    NoWorker at once if no worker serves that queue.
    """
    # Whoever expects the end before the message is out need not look whether it was there before.
    with front.waiters.expect(submitted.id, needs=needs) as expectation:
        await front.submissions.publish(submitted)
        # The result of a job that has ended needs no worker.
        if needs and not submitted.status.finished:
            await front.admission.require_worker(needs)
        if not submitted.replayed:
            return await expectation.ended(within)
    return await front.waiters.wait(submitted.id, within, needs=needs)


async def _ended(front: Front, submitted: Submitted) -> JobRow:
    """Wait until the job has ended. Raises NoWorker, Loading, StillRunning, JobFailed."""
    queue, name = submitted.queue, f"Job {submitted.id}"
    again = "Ask for the job, or repeat this request without `fresh`."
    try:
        within = front.settings.answer_timeout
        ended = await publish_and_wait(front, submitted, within, needs=queue)
    except NoWorker as error:
        raise NoWorker(f"{name} waits, for no worker serves its queue. {again}") from error
    if ended is not None:
        return ended
    waiting = await front.reads.job(submitted.id, submitted.tenant_id)
    if waiting.error is not None:
        # The job was put back, and this is why.
        raise JobFailed(waiting.error)
    if not waiting.published:
        raise StillRunning(f"{name} waits, for Redis does not take its message. {again}")
    if (await front.admission.stats())[queue].loading:
        raise Loading(f"{name} waits while the workers load. {again}")
    raise StillRunning(f"{name} is not done yet and continues. {again}")


def envelope(request_id: str | None, payload: P, done: Done) -> Answer[P]:
    """Put a result into the envelope that most waiting calls answer with."""
    return Answer(
        request_id=request_id,
        status="success",
        payload=payload,
        error=None,
        metadata=done.metadata,
    )

"""The client for asyncio: the loops, the connections, and a method for each call."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import aclosing
from dataclasses import replace
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, Unpack
from uuid import UUID

import httpx

from shared.client.awaiting import JobWatch
from shared.client.caller import VALIDATION_TIMEOUT, Caller, introduced
from shared.client.calls import (
    bulk,
    deliveries,
    existing_jobs,
    items,
    operations,
    probes,
    receipts,
    submissions,
)
from shared.client.calls.options import Entry, ManySubmission
from shared.client.connections import CLOSED, Sending
from shared.client.http import Call, M, failure, is_event_stream, reaching, request, result
from shared.client.listening import Listening
from shared.client.many.reading import PartWatch, Reading
from shared.client.many.submitting import Result, Submission
from shared.client.retries import Course, repeat_async
from shared.client.validation import REFUSALS, Validation, report
from shared.contracts.events import JobEvent, StageEvent
from shared.contracts.jobs import JobPage, JobView
from shared.contracts.service.health import Readiness
from shared.errors import ServiceError

P = ParamSpec("P")


def _async_method(
    build: Callable[P, Call[M]],
) -> Callable[Concatenate["AsyncServiceClient", P], Coroutine[Any, Any, M]]:
    async def method(self: "AsyncServiceClient", /, *args: P.args, **kwargs: P.kwargs) -> M:
        return await self._repeatedly(build(*args, **kwargs))

    return introduced(method, build)


class AsyncServiceClient(Caller[httpx.AsyncBaseTransport, httpx.AsyncClient]):
    """The client for asyncio. Use it as an async context manager, or `aclose` it."""

    _open = httpx.AsyncClient

    submit = _async_method(submissions.submit)
    submit_receipt = _async_method(submissions.submit_receipt)
    job = _async_method(existing_jobs.job)
    jobs = _async_method(existing_jobs.jobs)
    job_image = _async_method(existing_jobs.job_image)
    cancel = _async_method(existing_jobs.cancel)
    retry = _async_method(existing_jobs.retry)
    callbacks = _async_method(deliveries.callbacks)
    redeliver = _async_method(deliveries.redeliver)
    failures = _async_method(bulk.failures)
    preview_bulk = _async_method(bulk.preview_bulk)
    begin_bulk = _async_method(bulk.begin_bulk)
    bulk_operation = _async_method(bulk.bulk_operation)
    bulk_operations = _async_method(bulk.bulk_operations)
    stop_bulk_operation = _async_method(bulk.stop_bulk_operation)
    queues = _async_method(existing_jobs.queues)
    pause_queue = _async_method(operations.pause_queue)
    resume_queue = _async_method(operations.resume_queue)
    workers = _async_method(operations.workers)
    drain_worker = _async_method(operations.drain_worker)
    resume_worker = _async_method(operations.resume_worker)
    delete_tenant_data = _async_method(operations.delete_tenant_data)
    audit = _async_method(operations.audit)
    categorize = _async_method(items.categorize)
    categorize_batch = _async_method(items.categorize_batch)
    extract_receipt = _async_method(receipts.extract_receipt)
    read_receipt = _async_method(receipts.read_receipt)
    upload_receipt = _async_method(receipts.upload_receipt)
    embed = _async_method(items.embed)
    embed_batch = _async_method(items.embed_batch)
    health = _async_method(probes.health)
    live = _async_method(probes.live)
    ready = _async_method(probes.ready)
    health_check = _async_method(probes.health_check)

    async def await_job(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> JobView:
        """Return the job once it has ended, however it ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass, such
        as JobNotFound.
        """
        return await self._run(JobWatch(job_id, within, tenant_id))

    async def submit_many(
        self, entries: Iterable[Entry], **options: Unpack[ManySubmission]
    ) -> list[Result]:
        """Submit jobs and return for each entry, in their order, its job or the error that
        refused it. No such error is raised.

        Up to 500 entries go in one call. What may succeed in a moment is repeated; once a failure
        has outlasted the retries, it is the error of all entries that were not sent yet.
        """
        submission = Submission(entries, self._retries, options)
        for part in submission.parts():
            try:
                await self._run(part)
            except ServiceError as error:
                part.fail(error)
        return submission.results()

    async def get_many(
        self, job_ids: Iterable[UUID], wait: float = 0, *, tenant_id: str | None = None
    ) -> JobPage:
        """Return jobs in the order of their ids, each once; `missing` has the ids of no job.

        With `wait` (up to 30 s), returns as soon as all have ended or time is up. Up to 100 go in
        one call.
        """
        reading = Reading(job_ids, tenant_id, wait)
        for part in reading.parts():
            reading.add(part, await self._repeatedly(reading.call(part)))
        return reading.page()

    async def wait_many(
        self, job_ids: Iterable[UUID], within: float = 120, *, tenant_id: str | None = None
    ) -> JobPage:
        """Return jobs as `get_many` does once all have ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass.
        """
        reading = Reading(job_ids, tenant_id, within)
        for part in reading.parts():
            await self._run(PartWatch(reading, part))
        return reading.page()

    async def events(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> AsyncIterator[JobEvent | StageEvent]:
        """Yield every change of a job's state, and every stage that a worker begins, as it happens.

        The first event is the state of now, and the last one the end. A lost connection is made
        again, and then brings the state of that moment; stages in between are not repeated. Raises
        NotDoneInTime after `within` seconds, and at once an error that will not pass.
        """
        listening = Listening(job_id, within, tenant_id)
        while not listening.ended:
            error = None
            try:
                async with aclosing(self._heard(listening)) as heard:
                    async for event in heard:
                        yield event
            except ServiceError as failed:
                error = failed
            await asyncio.sleep(listening.pause_after(error))

    async def _heard(self, listening: Listening) -> AsyncGenerator[JobEvent | StageEvent, None]:
        """Yield what comes over one connection."""
        parts = request(listening.call(), self.tenant_id)
        with reaching(self.url):
            async with self._http.stream(**parts) as answer:
                if not is_event_stream(answer):
                    await answer.aread()
                    raise failure(answer)
                chunks = answer.aiter_bytes()
                while chunk := await _before(listening.left, chunks):
                    for event in listening.heard(chunk):
                        yield event
                    if listening.over:
                        return

    async def validate(
        self, *, fail_fast: bool = False, within: float = VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready, and whether it takes this client's token; log and
        return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        return report(self.url, await self._seen(within), fail_fast=fail_fast)

    async def _seen(self, within: float) -> Readiness | ServiceError:
        """Return what the service says of itself, or why it says nothing or refuses this caller."""
        try:
            seen = await self._once(replace(probes.ready(), timeout=within))
        except ServiceError as error:
            return error
        try:
            await self._once(replace(existing_jobs.queues(), timeout=within))
        except REFUSALS as refusal:
            return refusal
        except ServiceError:
            # What else is wrong is among the checks, with what to do about it.
            return seen
        return seen

    async def _repeatedly(self, call: Call[M]) -> M:
        return await repeat_async(lambda: self._once(call), self._retries.policy(call))

    async def _run(self, course: Course[M]) -> M:
        return await repeat_async(lambda: self._once(course.call()), course)

    async def _once(self, call: Call[M]) -> M:
        with reaching(self.url):
            return result(call, await self._send(call))

    async def _send(self, call: Call[M]) -> httpx.Response:
        """Send a call; once more, at once, if the idle connection that it took was closed."""
        sending = Sending()
        parts = request(call, self.tenant_id)
        try:
            return await self._http.request(**parts, extensions={"trace": sending.note_async})
        except CLOSED:
            if not (call.repeatable and sending.reused):
                raise
        return await self._http.request(**parts)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


async def _before(seconds: float, chunks: AsyncIterator[bytes]) -> bytes:
    """Return the next chunk, or none after that time or at the end of the stream.

    httpx's timeout counts from the last byte, and cannot be changed while a stream lasts.
    """
    try:
        async with asyncio.timeout(seconds):
            return await anext(chunks, b"")
    except TimeoutError:
        return b""

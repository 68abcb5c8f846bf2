"""The sync client: the loops, the connections, and a method for each call."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, Unpack
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
from shared.client.connections import CLOSED, Sending, cut_after
from shared.client.http import Call, M, failure, is_event_stream, reaching, request, result
from shared.client.listening import Listening
from shared.client.many.reading import PartWatch, Reading
from shared.client.many.submitting import Result, Submission
from shared.client.retries import Course, repeat
from shared.client.validation import REFUSALS, Validation, report
from shared.contracts.events import JobEvent, StageEvent
from shared.contracts.jobs import JobPage, JobView
from shared.contracts.service.health import Readiness
from shared.errors import ServiceError

P = ParamSpec("P")


def _method(build: Callable[P, Call[M]]) -> Callable[Concatenate["ServiceClient", P], M]:
    def method(self: "ServiceClient", /, *args: P.args, **kwargs: P.kwargs) -> M:
        return self._repeatedly(build(*args, **kwargs))

    return introduced(method, build)


class ServiceClient(Caller[httpx.BaseTransport, httpx.Client]):
    """The sync client, which threads may share. Use it as a context manager, or `close` it."""

    _open = httpx.Client

    submit = _method(submissions.submit)
    submit_receipt = _method(submissions.submit_receipt)
    job = _method(existing_jobs.job)
    jobs = _method(existing_jobs.jobs)
    job_image = _method(existing_jobs.job_image)
    cancel = _method(existing_jobs.cancel)
    retry = _method(existing_jobs.retry)
    callbacks = _method(deliveries.callbacks)
    redeliver = _method(deliveries.redeliver)
    failures = _method(bulk.failures)
    preview_bulk = _method(bulk.preview_bulk)
    begin_bulk = _method(bulk.begin_bulk)
    bulk_operation = _method(bulk.bulk_operation)
    bulk_operations = _method(bulk.bulk_operations)
    stop_bulk_operation = _method(bulk.stop_bulk_operation)
    queues = _method(existing_jobs.queues)
    pause_queue = _method(operations.pause_queue)
    resume_queue = _method(operations.resume_queue)
    workers = _method(operations.workers)
    drain_worker = _method(operations.drain_worker)
    resume_worker = _method(operations.resume_worker)
    delete_tenant_data = _method(operations.delete_tenant_data)
    audit = _method(operations.audit)
    categorize = _method(items.categorize)
    categorize_batch = _method(items.categorize_batch)
    extract_receipt = _method(receipts.extract_receipt)
    read_receipt = _method(receipts.read_receipt)
    upload_receipt = _method(receipts.upload_receipt)
    embed = _method(items.embed)
    embed_batch = _method(items.embed_batch)
    health = _method(probes.health)
    live = _method(probes.live)
    ready = _method(probes.ready)
    health_check = _method(probes.health_check)

    def await_job(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> JobView:
        """Return the job once it has ended, however it ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass, such
        as JobNotFound.
        """
        return self._run(JobWatch(job_id, within, tenant_id))

    def submit_many(
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
                self._run(part)
            except ServiceError as error:
                part.fail(error)
        return submission.results()

    def get_many(
        self, job_ids: Iterable[UUID], wait: float = 0, *, tenant_id: str | None = None
    ) -> JobPage:
        """Return jobs in the order of their ids, each once; `missing` has the ids of no job.

        With `wait` (up to 30 s), returns as soon as all have ended or time is up. Up to 100 go in
        one call.
        """
        reading = Reading(job_ids, tenant_id, wait)
        for part in reading.parts():
            reading.add(part, self._repeatedly(reading.call(part)))
        return reading.page()

    def wait_many(
        self, job_ids: Iterable[UUID], within: float = 120, *, tenant_id: str | None = None
    ) -> JobPage:
        """Return jobs as `get_many` does once all have ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass.
        """
        reading = Reading(job_ids, tenant_id, within)
        for part in reading.parts():
            self._run(PartWatch(reading, part))
        return reading.page()

    def events(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> Iterator[JobEvent | StageEvent]:
        """Yield every change of a job's state, and every stage that a worker begins, as it happens.

        The first event is the state of now, and the last one the end. A lost connection is made
        again, and then brings the state of that moment; stages in between are not repeated. Raises
        NotDoneInTime after `within` seconds, and at once an error that will not pass.
        """
        listening = Listening(job_id, within, tenant_id)
        while not listening.ended:
            error = None
            try:
                yield from self._heard(listening)
            except ServiceError as failed:
                error = failed
            time.sleep(listening.pause_after(error))

    def _heard(self, listening: Listening) -> Iterator[JobEvent | StageEvent]:
        """Yield what comes over one connection."""
        parts = request(listening.call(), self.tenant_id)
        with reaching(self.url), self._http.stream(**parts) as answer:
            if not is_event_stream(answer):
                answer.read()
                raise failure(answer)
            with cut_after(answer, listening.left):
                for chunk in answer.iter_bytes():
                    yield from listening.heard(chunk)
                    if listening.over:
                        return

    def validate(
        self, *, fail_fast: bool = False, within: float = VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready, and whether it takes this client's token; log and
        return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        return report(self.url, self._seen(within), fail_fast=fail_fast)

    def _seen(self, within: float) -> Readiness | ServiceError:
        """Return what the service says of itself, or why it says nothing or refuses this caller."""
        try:
            seen = self._once(replace(probes.ready(), timeout=within))
        except ServiceError as error:
            return error
        try:
            self._once(replace(existing_jobs.queues(), timeout=within))
        except REFUSALS as refusal:
            return refusal
        except ServiceError:
            # What else is wrong is among the checks, with what to do about it.
            return seen
        return seen

    def _repeatedly(self, call: Call[M]) -> M:
        return repeat(lambda: self._once(call), self._retries.policy(call))

    def _run(self, course: Course[M]) -> M:
        return repeat(lambda: self._once(course.call()), course)

    def _once(self, call: Call[M]) -> M:
        with reaching(self.url):
            return result(call, self._send(call))

    def _send(self, call: Call[M]) -> httpx.Response:
        """Send a call; once more, at once, if the idle connection that it took was closed."""
        sending = Sending()
        parts = request(call, self.tenant_id)
        try:
            return self._http.request(**parts, extensions={"trace": sending.note})
        except CLOSED:
            if not (call.repeatable and sending.reused):
                raise
        return self._http.request(**parts)

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

"""Typed clients of the HTTP interface, sync and async, with the same methods.

Every method raises the errors of the service, which are in `shared/errors.py` and
`shared/rejections.py`, and those of `shared/client/errors.py`. `docs/client.md` is the manual.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self
from uuid import UUID

import httpx

from shared.client.awaiting import JobWatch
from shared.client.caller import Caller, introduced
from shared.client.calls import existing_jobs, items, probes, receipts, submissions
from shared.client.connections import CLOSED, Sending
from shared.client.http import Call, M, reaching, request, result
from shared.client.retries import repeat, repeat_async
from shared.client.validation import Validation, report
from shared.contracts.jobs import JobView
from shared.contracts.service.health import Readiness
from shared.errors import ServiceError

P = ParamSpec("P")

# Seconds. A service that can be reached answers its readiness probe within about one.
_VALIDATION_TIMEOUT = 3.0


def _method(build: Callable[P, Call[M]]) -> Callable[Concatenate["ServiceClient", P], M]:
    def method(self: "ServiceClient", /, *args: P.args, **kwargs: P.kwargs) -> M:
        return self._repeatedly(build(*args, **kwargs))

    return introduced(method, build)


def _async_method(
    build: Callable[P, Call[M]],
) -> Callable[Concatenate["AsyncServiceClient", P], Coroutine[Any, Any, M]]:
    async def method(self: "AsyncServiceClient", /, *args: P.args, **kwargs: P.kwargs) -> M:
        return await self._repeatedly(build(*args, **kwargs))

    return introduced(method, build)


class ServiceClient(Caller[httpx.BaseTransport, httpx.Client]):
    """The sync client, which threads may share. Use it as a context manager, or `close` it."""

    _open = httpx.Client

    submit = _method(submissions.submit)
    submit_receipt = _method(submissions.submit_receipt)
    job = _method(existing_jobs.job)
    jobs = _method(existing_jobs.jobs)
    cancel = _method(existing_jobs.cancel)
    retry = _method(existing_jobs.retry)
    queues = _method(existing_jobs.queues)
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
        watch = JobWatch(job_id, within, tenant_id)
        return repeat(lambda: self._once(watch.look()), watch)

    def validate(
        self, *, fail_fast: bool = False, within: float = _VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready; log and return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        try:
            seen: Readiness | ServiceError = self._once(replace(probes.ready(), timeout=within))
        except ServiceError as error:
            seen = error
        return report(self.url, seen, fail_fast=fail_fast)

    def _repeatedly(self, call: Call[M]) -> M:
        return repeat(lambda: self._once(call), self._retries.policy(call))

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


class AsyncServiceClient(Caller[httpx.AsyncBaseTransport, httpx.AsyncClient]):
    """The client for asyncio. Use it as an async context manager, or `aclose` it."""

    _open = httpx.AsyncClient

    submit = _async_method(submissions.submit)
    submit_receipt = _async_method(submissions.submit_receipt)
    job = _async_method(existing_jobs.job)
    jobs = _async_method(existing_jobs.jobs)
    cancel = _async_method(existing_jobs.cancel)
    retry = _async_method(existing_jobs.retry)
    queues = _async_method(existing_jobs.queues)
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
        watch = JobWatch(job_id, within, tenant_id)
        return await repeat_async(lambda: self._once(watch.look()), watch)

    async def validate(
        self, *, fail_fast: bool = False, within: float = _VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready; log and return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        try:
            seen: Readiness | ServiceError = await self._once(
                replace(probes.ready(), timeout=within)
            )
        except ServiceError as error:
            seen = error
        return report(self.url, seen, fail_fast=fail_fast)

    async def _repeatedly(self, call: Call[M]) -> M:
        return await repeat_async(lambda: self._once(call), self._retries.policy(call))

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

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
from tenacity import AsyncRetrying, Retrying

from shared.client import calls
from shared.client.awaiting import JobWatch
from shared.client.caller import Caller, introduced
from shared.client.http import Call, M, reaching, request, result
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

    submit = _method(calls.submit)
    submit_receipt = _method(calls.submit_receipt)
    job = _method(calls.job)
    jobs = _method(calls.jobs)
    cancel = _method(calls.cancel)
    retry = _method(calls.retry)
    queues = _method(calls.queues)
    categorize = _method(calls.categorize)
    categorize_batch = _method(calls.categorize_batch)
    extract_receipt = _method(calls.extract_receipt)
    read_receipt = _method(calls.read_receipt)
    upload_receipt = _method(calls.upload_receipt)
    embed = _method(calls.embed)
    embed_batch = _method(calls.embed_batch)
    health = _method(calls.health)
    live = _method(calls.live)
    ready = _method(calls.ready)
    health_check = _method(calls.health_check)

    def await_job(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> JobView:
        """Return the job once it has ended, however it ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass, such
        as JobNotFound.
        """
        watch = JobWatch(job_id, within, tenant_id)
        return Retrying(**watch.policy())(lambda: self._once(watch.look()))

    def validate(
        self, *, fail_fast: bool = False, within: float = _VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready; log and return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        try:
            seen: Readiness | ServiceError = self._once(replace(calls.ready(), timeout=within))
        except ServiceError as error:
            seen = error
        return report(self.url, seen, fail_fast=fail_fast)

    def _repeatedly(self, call: Call[M]) -> M:
        answer: M = Retrying(**self._retries.policy(call))(self._once, call)
        return answer

    def _once(self, call: Call[M]) -> M:
        with reaching(self.url):
            answer = self._http.request(**request(call, self.tenant_id))
        return result(call, answer)

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

    submit = _async_method(calls.submit)
    submit_receipt = _async_method(calls.submit_receipt)
    job = _async_method(calls.job)
    jobs = _async_method(calls.jobs)
    cancel = _async_method(calls.cancel)
    retry = _async_method(calls.retry)
    queues = _async_method(calls.queues)
    categorize = _async_method(calls.categorize)
    categorize_batch = _async_method(calls.categorize_batch)
    extract_receipt = _async_method(calls.extract_receipt)
    read_receipt = _async_method(calls.read_receipt)
    upload_receipt = _async_method(calls.upload_receipt)
    embed = _async_method(calls.embed)
    embed_batch = _async_method(calls.embed_batch)
    health = _async_method(calls.health)
    live = _async_method(calls.live)
    ready = _async_method(calls.ready)
    health_check = _async_method(calls.health_check)

    async def await_job(
        self, job_id: UUID, within: float = 120, *, tenant_id: str | None = None
    ) -> JobView:
        """Return the job once it has ended, however it ended, and wait out failures that may pass.

        Raises NotDoneInTime after `within` seconds, and at once an error that will not pass, such
        as JobNotFound.
        """
        watch = JobWatch(job_id, within, tenant_id)

        async def look() -> JobView:
            return await self._once(watch.look())

        job: JobView = await AsyncRetrying(**watch.policy())(look)
        return job

    async def validate(
        self, *, fail_fast: bool = False, within: float = _VALIDATION_TIMEOUT
    ) -> Validation:
        """Ask once whether the service is ready; log and return what is wrong and what to do.

        `within` is the timeout of each step of the connection, in seconds. With `fail_fast`, raises
        ServiceUnreachable or Unavailable instead of logging. Otherwise it never raises.
        """
        try:
            seen: Readiness | ServiceError = await self._once(
                replace(calls.ready(), timeout=within)
            )
        except ServiceError as error:
            seen = error
        return report(self.url, seen, fail_fast=fail_fast)

    async def _repeatedly(self, call: Call[M]) -> M:
        answer: M = await AsyncRetrying(**self._retries.policy(call))(self._once, call)
        return answer

    async def _once(self, call: Call[M]) -> M:
        with reaching(self.url):
            answer = await self._http.request(**request(call, self.tenant_id))
        return result(call, answer)

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

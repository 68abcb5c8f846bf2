"""A typed client of the HTTP interface: for the tests, the demo, and other Python code."""

import asyncio
import base64
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, ValidationError

from shared.contracts.categories import Category, CategoryBatch
from shared.contracts.embeddings import EmbedAnswer
from shared.contracts.jobs import Answer, JobPage, JobView
from shared.contracts.problems import Problem
from shared.contracts.receipts import FlatReceipt, RichReceipt

M = TypeVar("M", bound=BaseModel)

# A little longer than the longest wait of the service, so that it is the one to end it.
_TIMEOUT = httpx.Timeout(70, connect=5)
_LONG_POLL = 25
_POLL_PAUSE = 0.2


class RequestRefused(Exception):
    """The service answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(f"{problem.status} {problem.error}: {problem.detail}")


class NotDoneInTime(Exception):
    """`await_job` gave up waiting; the job goes on."""


class ServiceClient:
    """Calls on behalf of one tenant. Use as an async context manager.

    Every call raises RequestRefused for a problem document and httpx.HTTPError when the service
    cannot be reached.
    """

    def __init__(
        self, base_url: str, tenant_id: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.tenant_id = tenant_id
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=_TIMEOUT,
            transport=transport,
            headers={"X-Tenant-ID": tenant_id},
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def submit(
        self,
        feature: str,
        payload: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        wait: int = 0,
        **envelope: Any,
    ) -> JobView:
        """Submit a job; with `wait` seconds, the service may answer with the finished job."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        if wait:
            headers["Prefer"] = f"wait={wait}"
        body = {"feature": feature, "payload": payload, **envelope}
        return await self._post("/api/v1/jobs", body, JobView, headers)

    async def submit_receipt(
        self, image: bytes, candidate_labels: Sequence[str] | None = None, **options: Any
    ) -> JobView:
        """Submit the image of a receipt."""
        return await self.submit(
            "receipt_extraction", _receipt_payload(image, candidate_labels), **options
        )

    async def job(self, job_id: UUID, wait: float = 0) -> JobView:
        """One job; with `wait` seconds, as soon as it has ended."""
        return await self._get(f"/api/v1/jobs/{job_id}", JobView, {"wait": wait} if wait else {})

    async def await_job(self, job_id: UUID, within: float = 120) -> JobView:
        """The job once it has ended, however it ended. Raises NotDoneInTime after `within` s."""
        deadline = time.monotonic() + within
        while (left := deadline - time.monotonic()) > 0:
            job = await self.job(job_id, wait=min(left, _LONG_POLL))
            if job.status.finished:
                return job
            await asyncio.sleep(_POLL_PAUSE)
        raise NotDoneInTime(f"job {job_id} has not ended within {within:g} s")

    async def jobs(self, **filters: Any) -> JobPage:
        """A page of the tenant's jobs, newest first: `status`, `feature`, `since`, `cursor`."""
        return await self._get("/api/v1/jobs", JobPage, filters)

    async def categorize(
        self, item_name: str, candidate_labels: Sequence[str], **envelope: Any
    ) -> Answer[Category]:
        """The best label for one name; waits for it."""
        payload = {"item_name": item_name, "candidate_labels": list(candidate_labels)}
        body = {"payload": payload, **envelope}
        return await self._post("/api/v1/categorize", body, Answer[Category])

    async def categorize_batch(
        self, names: Sequence[str], candidate_labels: Sequence[str], **envelope: Any
    ) -> Answer[CategoryBatch]:
        """The best label for each of up to 50 names, whose ids are their positions."""
        items = [{"id": index, "name": name} for index, name in enumerate(names)]
        payload = {"items": items, "candidate_labels": list(candidate_labels)}
        body = {"payload": payload, **envelope}
        return await self._post("/api/v1/categorize-batch", body, Answer[CategoryBatch])

    async def extract_receipt(self, image: bytes, **envelope: Any) -> Answer[FlatReceipt]:
        """A receipt in the flat shape; waits for it."""
        body = {"payload": _receipt_payload(image, None), **envelope}
        return await self._post("/api/v1/extract-receipt", body, Answer[FlatReceipt])

    async def upload_receipt(self, image: bytes, **fields: str) -> RichReceipt:
        """A receipt in the rich shape, sent as a file; waits for it."""
        answer = await self._http.post(
            "/api/v1/receipts/extract",
            data={"tenant_id": self.tenant_id, **fields},
            files={"file": ("receipt", image)},
        )
        return _parse(answer, RichReceipt)

    async def embed(self, texts: Sequence[str]) -> EmbedAnswer:
        """A unit vector for each text; waits for it."""
        body = {"texts": [{"id": index, "text": text} for index, text in enumerate(texts)]}
        return await self._post("/api/v1/embed", body, EmbedAnswer)

    async def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        model: type[M],
        headers: Mapping[str, str] | None = None,
    ) -> M:
        full = {"tenant_id": self.tenant_id, **body}
        return _parse(await self._http.post(path, json=full, headers=headers), model)

    async def _get(self, path: str, model: type[M], query: Mapping[str, Any]) -> M:
        return _parse(await self._http.get(path, params=dict(query)), model)


def _receipt_payload(image: bytes, labels: Sequence[str] | None) -> dict[str, Any]:
    payload: dict[str, Any] = {"image_base64": base64.b64encode(image).decode()}
    if labels:
        payload["options"] = {"candidate_labels": list(labels)}
    return payload


def _parse(answer: httpx.Response, model: type[M]) -> M:
    if answer.is_success:
        return model.model_validate_json(answer.content)
    try:
        problem = Problem.model_validate_json(answer.content)
    except ValidationError:
        # A proxy, or something else that is not this service.
        answer.raise_for_status()
        raise
    raise RequestRefused(problem)

"""The calls about jobs that were submitted, and about the queues in which they wait."""

from typing import Any, Unpack
from uuid import UUID

import httpx

from shared.client.calls.options import Page, given
from shared.client.http import Call
from shared.contracts.images import ShownImage
from shared.contracts.jobs import JobPage, JobView
from shared.contracts.service.queues import QueueList


def job(job_id: UUID, wait: float = 0, *, tenant_id: str | None = None) -> Call[JobView]:
    """Return one job; with `wait` (up to 30 s), as soon as it has ended or time is up."""
    query = given(wait=wait or None, tenant_id=tenant_id)
    return Call("GET", f"/api/v1/jobs/{job_id}", JobView, query=query)


def jobs(
    *, all_tenants: bool = False, tenant_id: str | None = None, **page: Unpack[Page]
) -> Call[JobPage]:
    """Return a page of the tenant's jobs, newest first; see `Page`.

    An operator lists the jobs of `all_tenants` instead.
    """
    query: dict[str, Any] = {**page, "tenant_id": tenant_id}
    for name in ("since", "until"):
        if query.get(name) is not None:
            query[name] = query[name].isoformat()
    if all_tenants:
        query["all_tenants"] = "true"
    query = given(**query)
    return Call("GET", "/api/v1/jobs", JobPage, query=query, owned=not all_tenants)


def job_image(job_id: UUID, page: int = 1, *, tenant_id: str | None = None) -> Call[ShownImage]:
    """Return the image of a receipt as its boxes are drawn on it. A PDF has up to five pages.

    Raises ImageNotFound if the job has no image or no such page, and ImageDeleted after
    IMAGE_RETENTION.
    """
    query = given(page=page, tenant_id=tenant_id)
    path = f"/api/v1/jobs/{job_id}/image"
    return Call("GET", path, ShownImage, query=query, read=_shown)


def _shown(answer: httpx.Response) -> ShownImage:
    found = {"media_type": answer.headers.get("content-type"), "content": answer.content}
    return ShownImage.model_validate(found)


def cancel(job_id: UUID, *, tenant_id: str | None = None) -> Call[JobView]:
    """Cancel a job: a queued one at once, a running one within two seconds.

    Cancelling a cancelled job changes nothing. Raises NotCancellable if it has ended otherwise.
    """
    query = given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/cancel", JobView, query=query)


def retry(job_id: UUID, *, tenant_id: str | None = None) -> Call[JobView]:
    """Run a failed or cancelled job again. Raises NotRetryable for any other job."""
    query = given(tenant_id=tenant_id)
    return Call("POST", f"/api/v1/jobs/{job_id}/retry", JobView, query=query, repeatable=False)


def queues() -> Call[QueueList]:
    """Return for each queue the waiting jobs, the workers, and whether it accepts new work."""
    return Call("GET", "/api/v1/queues", QueueList, owned=False)

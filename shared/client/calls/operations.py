"""The calls for operators: they need a token with the scope `admin`."""

from urllib.parse import quote

from shared.client.calls.options import given
from shared.client.http import Call
from shared.contracts.features import Queue
from shared.contracts.service.access import AuditPage, DeletedData
from shared.contracts.service.queues import QueueView
from shared.contracts.service.workers import WorkerList, WorkerView


def pause_queue(queue: Queue) -> Call[QueueView]:
    """Have workers take no more jobs of a queue, within two seconds. For operators."""
    return Call("POST", f"/api/v1/queues/{queue.value}/pause", QueueView, owned=False)


def resume_queue(queue: Queue) -> Call[QueueView]:
    """Have workers take jobs of a queue again. For operators."""
    return Call("POST", f"/api/v1/queues/{queue.value}/resume", QueueView, owned=False)


def workers() -> Call[WorkerList]:
    """Return the workers that were seen within a day, those that live first."""
    return Call("GET", "/api/v1/workers", WorkerList, owned=False)


def drain_worker(worker_id: str) -> Call[WorkerView]:
    """Have a worker take no more jobs, within two seconds. For operators."""
    path = f"/api/v1/workers/{quote(worker_id, safe='')}/drain"
    return Call("POST", path, WorkerView, owned=False)


def resume_worker(worker_id: str) -> Call[WorkerView]:
    """Have a worker take jobs again. For operators."""
    path = f"/api/v1/workers/{quote(worker_id, safe='')}/resume"
    return Call("POST", path, WorkerView, owned=False)


def delete_tenant_data(tenant_id: str) -> Call[DeletedData]:
    """Delete everything that is stored for a tenant, for good, and return how much that was.

    Live jobs are cancelled first. Jobs that are submitted meanwhile stay. For operators.
    """
    path = f"/api/v1/tenants/{quote(tenant_id, safe='')}/data"
    return Call("DELETE", path, DeletedData, owned=False)


def audit(*, before: int | None = None, limit: int | None = None) -> Call[AuditPage]:
    """Return a page of what operators did, newest first. `limit` is at most 100 (50 by default),
    and `before` is the `next_before` of the page before. For operators."""
    query = given(before=before, limit=limit)
    return Call("GET", "/api/v1/audit", AuditPage, query=query, owned=False)

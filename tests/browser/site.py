"""The running console that the tests visit, and jobs for it to show."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

_PATIENCE = 60


@dataclass(frozen=True)
class Tokens:
    """The tokens of an operator of all tenants, and of a reader of the tenant `kitchen`."""

    operator: str = field(repr=False)
    reader: str = field(repr=False)


@dataclass(frozen=True)
class Site:
    """Two fronts of one system: `url` is open, `guarded_url` wants tokens."""

    url: str
    guarded_url: str
    tokens: Tokens
    logs: Path

    def category(self, tenant: str, *, waits: bool = True, **common: Any) -> dict[str, Any]:
        """Have an item categorised, and return the job: if it `waits`, once it has ended."""
        payload = {"item_name": "oat milk", "candidate_labels": ["Dairy", "Bakery"]}
        body = {"feature": "categorization", "payload": payload, **common}
        return self.submit(tenant, body, waits=waits)

    def receipt(self, tenant: str, image: bytes, **common: Any) -> dict[str, Any]:
        """Have a receipt read, and return the job once it has ended."""
        payload = {"image_base64": base64.b64encode(image).decode()}
        return self.submit(tenant, {"feature": "receipt_extraction", "payload": payload, **common})

    def submit(self, tenant: str, body: dict[str, Any], *, waits: bool = True) -> dict[str, Any]:
        """Submit a job, and return it: if it `waits`, once it has ended, or after 30 seconds."""
        headers = {"X-Tenant-ID": tenant, **({"Prefer": "wait=30"} if waits else {})}
        with httpx.Client(base_url=self.url, headers=headers, timeout=_PATIENCE) as http:
            answer = http.post("/api/v1/jobs", json={**body, "tenant_id": tenant})
            answer.raise_for_status()
            return dict(answer.json())

    def job(self, tenant: str, job_id: str) -> dict[str, Any]:
        """Return a job as it is now."""
        answer = httpx.get(f"{self.url}/api/v1/jobs/{job_id}", headers={"X-Tenant-ID": tenant})
        answer.raise_for_status()
        return dict(answer.json())

    @contextmanager
    def paused(self, queue: str) -> Iterator[None]:
        """Let no job of a queue begin during the block."""
        httpx.post(f"{self.url}/api/v1/queues/{queue}/pause").raise_for_status()
        try:
            yield
        finally:
            httpx.post(f"{self.url}/api/v1/queues/{queue}/resume").raise_for_status()

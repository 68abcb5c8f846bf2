"""Every call of the OpenAPI document with a request that it takes, so that none is forgotten."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.docs.pages import text_of

OPEN = {"/health", "/health/live", "/health/ready", "/health_check"}


# Calls that refuse every field which they do not know, also the second name of a tenant.
CLOSED = ("/api/v1/jobs/retry", "/api/v1/jobs/cancel")


@dataclass(frozen=True)
class Call:
    """A call, the scopes that the document demands for it, and a body that fits."""

    method: str
    path: str
    scopes: list[str] | None
    body: dict[str, Any] | None = None
    name: str = field(default="", compare=False)

    async def send(
        self,
        http: httpx.AsyncClient,
        headers: Mapping[str, str],
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """Send it. `ids` are the parameters of the path, and `body` replaces fields of the body."""
        path = self.path
        for name, value in {**NOBODYS, **(ids or {})}.items():
            path = path.replace(f"{{{name}}}", value)
        sent = None if self.body is None else {**self.body, **(body or {})}
        if sent is not None and self.path in CLOSED:
            sent.pop("account_id", None)
        return await http.request(self.method, path, headers=headers, params=query, json=sent)


# Ids of things that nobody has.
NOBODYS = {
    "job_id": "00000000-0000-0000-0000-000000000001",
    "delivery_id": "00000000-0000-0000-0000-000000000002",
    "operation_id": "00000000-0000-0000-0000-000000000003",
    "tenant_id": "nobody",
    "name": "job",
}


def calls() -> Iterator[Call]:
    """Yield every call of the document, of which another test shows that the front serves it."""
    document = json.loads(text_of("tests/api/openapi.json"))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            demanded = operation.get("security")
            scopes = None if demanded is None else demanded[0]["bearerAuth"]
            yield Call(method, path, scopes, _example(operation), operation["operationId"])


def _example(operation: Mapping[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return None
    first = next(iter(content["examples"].values()))["value"] if "examples" in content else None
    example: dict[str, Any] = first or content["example"]
    return example

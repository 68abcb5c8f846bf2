"""Methods that a path does not have."""

from uuid import UUID

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/v1/jobs", "GET, POST"),
        ("/api/v1/jobs/batch", "POST"),
        (f"/api/v1/jobs/{UUID(int=0)}/cancel", "POST"),
        ("/health", "GET, HEAD"),
        ("/docs", "GET"),
    ],
)
async def test_another_method_is_refused_with_those_that_there_are(
    http: httpx.AsyncClient, path: str, methods: str
) -> None:
    """`Allow` lists every method of the path, also where each is a route of its own."""
    answer = await http.put(path)

    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == methods


async def test_a_batch_is_no_job(http: httpx.AsyncClient) -> None:
    """The last part of its path is not taken for the id of a job."""
    answer = await http.get("/api/v1/jobs/batch", params={"tenant_id": "t"})

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")

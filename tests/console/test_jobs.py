"""The page Jobs: what it lists, where the search box leads, and what whom it shows."""

from collections.abc import Sequence

import httpx
import pytest

from shared.contracts.features import Feature
from shared.store.models import Job
from shared.store.postgres.database import Database
from tests.support.job_rows import insert_job, new_job

_TRACE = "0af7651916cd43dd8448eb211c80319c"


@pytest.fixture
async def jobs(database: Database) -> Sequence[Job]:
    """Three waiting jobs of two tenants, the oldest first."""
    async with database.transaction() as session:
        return [
            await insert_job(session, new)
            for new in (
                new_job(tenant_id="home", request_id="r-1", payload='{"item_name": "Milk"}'),
                new_job(tenant_id="home", feature=Feature.EMBEDDING, request_id="r-2"),
                new_job(tenant_id="shop", request_id="r-3"),
            )
        ]


def _shown(answer: httpx.Response, jobs: Sequence[Job]) -> list[int]:
    assert answer.status_code == 200, answer.text
    return [place for place, job in enumerate(jobs) if f'id="job-{job.id}"' in answer.text]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [0, 1, 2]),
        ("status=queued", [0, 1, 2]),
        ("status=failed", []),
        ("tenant=home", [0, 1]),
        ("feature=embedding", [1]),
        ("request_id=r-3", [2]),
        ("text=milk&tenant=home", [0]),
        ("since=2000-01-01T00:00&until=2001-01-01T00:00", []),
        ("status=&feature=&tenant=&text=", [0, 1, 2]),
    ],
)
async def test_filters_are_in_the_address(
    http: httpx.AsyncClient, jobs: Sequence[Job], query: str, shown: list[int]
) -> None:
    assert _shown(await http.get(f"/console/jobs?{query}"), jobs) == shown


async def test_what_is_no_filter_is_explained(http: httpx.AsyncClient) -> None:
    answer = await http.get("/console/jobs?trace_id=short")

    assert answer.status_code == 422
    assert "trace_id" in answer.text


async def test_the_search_box_leads_to_a_job_or_to_those_that_match(
    http: httpx.AsyncClient, jobs: Sequence[Job]
) -> None:
    async def found(text: str) -> str:
        answer = await http.get("/console/jobs", params={"q": text})
        assert answer.status_code == 303
        return answer.headers["location"]

    assert await found(f" {jobs[0].id} ") == f"/console/jobs/{jobs[0].id}"
    assert await found("r-2") == "/console/jobs?request_id=r-2"
    assert await found("Milk & more") == "/console/jobs?text=Milk+%26+more"


async def test_tabs_count_the_jobs_of_each_status(
    http: httpx.AsyncClient, jobs: Sequence[Job]
) -> None:
    answer = await http.get("/console/jobs?tenant=home")

    assert 'queued <span class="count">2</span>' in answer.text
    assert 'failed <span class="count">0</span>' in answer.text
    assert 'class="count"' not in (await http.get("/console/jobs?text=milk")).text


async def test_a_selection_is_sent_with_the_filters(
    http: httpx.AsyncClient, jobs: Sequence[Job]
) -> None:
    page = (await http.get("/console/jobs?tenant=home&status=queued")).text

    assert 'action="/console/bulk"' in page
    assert '<input type="hidden" name="tenant" value="home">' in page
    assert f'name="ids" value="{jobs[0].id}"' in page

"""Every call accepts the fields that are common to all requests, whether it uses them or not."""

from typing import Any

import httpx
import pytest

from shared.settings import Settings
from tests.api.bad_input.asking import (
    BATCH,
    CATEGORIZE,
    EMBED,
    EXTRACT,
    JOBS,
    RICH,
    assert_problem,
    item_job,
)
from tests.support.fronts import front_http
from tests.support.runners import ITEM

COMMON: dict[str, Any] = {
    "version": "2.0",
    "request_id": "r",
    "user_id": 7,
    "priority": 3,
    "metadata": {"of mine": [1, 2]},
}
NULLS: dict[str, Any] = dict.fromkeys(COMMON)
# Each is refused only because of what it asks for, which is checked after its fields.
EMPTY = {"image_base64": ""}
CALLS = [
    (JOBS, {"feature": "extraction", "payload": EMPTY}, "image_empty"),
    (EXTRACT, {"feature": "extraction", "payload": EMPTY}, "image_empty"),
    (RICH, {"feature": "extraction", **EMPTY}, "image_empty"),
    (CATEGORIZE, {"feature": "categorization", "payload": {**ITEM, "item_name": " "}}, "item_name"),
    (BATCH, {"feature": "categorization_batch", "payload": {"items": [" "],
             "candidate_labels": ["a"]}}, "payload.items.0.name"),
    (EMBED, {"feature": "embedding", "texts": [" "]}, "texts.0.text"),
    (EMBED, {"feature": "embedding_batch", "payload": {"texts": [" "]}}, "payload.texts.0.text"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "body", "refusal"), CALLS)
async def test_common_fields_change_nothing(
    http: httpx.AsyncClient, path: str, body: Any, refusal: str
) -> None:
    """Each of them may be given, null or absent."""
    for common in (COMMON, NULLS, {}):
        for tenant in ({"tenant_id": "t"}, {"account_id": "t", "tenant_id": None}):
            answer = await http.post(path, json={**body, **tenant, **common})

            problem = answer.json()
            assert problem["error_class"] == "bad_input"
            assert refusal in problem["error"] + problem["detail"]
            assert len(problem["fields"] or [1]) == 1
            assert "X-Ignored-Fields" not in answer.headers


async def test_the_common_fields_are_those_of_the_job(http: httpx.AsyncClient) -> None:
    """`account_id` is the tenant, and a number becomes its digits."""
    body = {**COMMON, "account_id": 5, "feature": "categorization", "payload": ITEM}
    job = (await http.post(JOBS, json=body)).json()

    assert (job["tenant_id"], job["user_id"], job["request_id"], job["priority"]) == (
        "5", "7", "r", 3,
    )  # fmt: skip


@pytest.mark.parametrize("body", [{"texts": ["milk"]}, {"payload": {"texts": ["milk"]}}])
async def test_calls_that_embed_use_the_common_fields(settings: Settings, body: Any) -> None:
    """Both shapes join the same work, unless fresh work is asked for."""
    fresh = {"metadata": {"fresh": True}}
    async with front_http(settings.model_copy(update={"answer_timeout": 0.01})) as http:
        for extra in ({}, {}, fresh, fresh):
            answer = await http.post(EMBED, json={**body, **COMMON, **extra})
            assert answer.status_code == 503
        jobs = (await http.get(JOBS, headers={"X-Tenant-ID": "default"})).json()["jobs"]

    assert len(jobs) == 3
    assert {(job["request_id"], job["user_id"], job["priority"]) for job in jobs} == {("r", "7", 3)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (JOBS, {"feature": "categorization", "payload": ITEM}),
        (CATEGORIZE, {"payload": ITEM}),
        (RICH, EMPTY),
        (EMBED, {"texts": ["milk"]}),
        (EMBED, {"payload": {"texts": ["milk"]}}),
    ],
)
async def test_no_request_is_for_two_tenants_or_for_none(
    http: httpx.AsyncClient, path: str, body: Any
) -> None:
    """Only the calls that embed have a tenant for those who name none."""
    two = await http.post(path, json={**body, "tenant_id": "t", "account_id": "other"})

    assert_problem(two, 422, "tenant_required")
    if path != EMBED:
        assert_problem(await http.post(path, json=body), 422, "tenant_required")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (EMBED, {"texts": ["milk"], "feature": "categorization"}),
        (EMBED, {"payload": {"texts": ["milk"]}, "feature": "extraction"}),
        (RICH, {"tenant_id": "t", **EMPTY, "feature": "embedding"}),
        (BATCH, {**item_job(items=["Milk"]), "feature": "categorization"}),
    ],
)
async def test_another_calls_feature_is_refused_by_name(
    http: httpx.AsyncClient, path: str, body: Any
) -> None:
    assert_problem(await http.post(path, json=body), 422, "invalid_request").detail.index("feature")

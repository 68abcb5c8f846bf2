"""Builders of requests, and the assertion that an answer is a refusal."""

import base64
from typing import Any

import httpx

from shared.contracts.problems import PROBLEM_MEDIA_TYPE, Problem
from tests.support.runners import LABELS

JOBS = "/api/v1/jobs"
CATEGORIZE = "/api/v1/categorize"
BATCH = "/api/v1/categorize-batch"
EXTRACT = "/api/v1/extract-receipt"
RICH = "/api/v1/receipts/extract"
EMBED = "/api/v1/embed"


def b64(content: bytes) -> str:
    """Encode an image as callers do."""
    return base64.b64encode(content).decode()


def receipt_job(image_base64: Any, **payload: Any) -> dict[str, Any]:
    """Return the body of a submission that reads a receipt."""
    return {
        "tenant_id": "t",
        "feature": "receipt_extraction",
        "payload": {"image_base64": image_base64, **payload},
    }


def item_job(**payload: Any) -> dict[str, Any]:
    """Return the body of a request to categorise."""
    return {"tenant_id": "t", "payload": {"candidate_labels": LABELS, **payload}}


def assert_problem(answer: httpx.Response, status: int, code: str) -> Problem:
    """Check that an answer is a problem document with this status and code, and return it."""
    assert answer.headers["content-type"] == PROBLEM_MEDIA_TYPE
    problem = Problem.model_validate(answer.json())
    assert (answer.status_code, problem.error) == (status, code), problem.detail
    assert problem.status == status
    assert problem.detail
    assert problem.type.endswith(code)
    assert not problem.retryable
    return problem

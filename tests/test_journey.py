"""What the service does, seen from outside: submit, wait, read. Start reading here.

Every test talks to a front and a worker, which are separate processes, over real Postgres and
Redis.
"""

from decimal import Decimal

import pytest

from shared.client import AsyncServiceClient
from shared.contracts.jobs import JobStatus
from shared.contracts.outcomes import AttemptOutcome
from shared.contracts.receipts.rich import RichReceipt
from shared.local.receipt_image import DrawnReceipt
from shared.rejections import NoTextFound

LABELS = ["Produce", "Dairy", "Bakery", "Meat & Seafood", "Household", "Beverages"]


async def test_a_receipt_goes_in_and_a_structured_receipt_comes_out(
    service: AsyncServiceClient, receipt_png: bytes, drawn: DrawnReceipt
) -> None:
    """The main use: submit an image, await the job, and get every field that was printed."""
    submitted = await service.submit_receipt(receipt_png, candidate_labels=LABELS)
    # A worker may have begun before the answer is here.
    assert submitted.status in (JobStatus.QUEUED, JobStatus.RUNNING)

    job = await service.await_job(submitted.id)

    assert job.status is JobStatus.SUCCEEDED
    receipt = RichReceipt.model_validate(job.output_payload).extraction
    assert receipt.merchant.name == drawn.merchant
    assert receipt.date.value == "2026-03-14"
    assert receipt.total.amount == drawn.total
    assert receipt.total.currency == "GBP"
    assert [(item.parsed_name, item.total_price) for item in receipt.line_items] == [
        (item.name, item.price) for item in drawn.items
    ]
    assert receipt.line_items[0].category == "Dairy"


async def test_a_job_shows_where_its_time_went(
    service: AsyncServiceClient, receipt_png: bytes
) -> None:
    """The history of a job has an entry with stages for each attempt."""
    job = await service.await_job((await service.submit_receipt(receipt_png)).id)

    (attempt,) = job.attempts
    assert attempt.outcome is AttemptOutcome.SUCCEEDED
    assert [stage.name for stage in attempt.stages] == [
        "ocr.preprocess",
        "ocr.recognise",
        "receipt.parse",
    ]
    assert job.latency_ms is not None
    assert job.latency_ms >= sum(stage.duration_ms for stage in attempt.stages)
    assert job.trace_id is not None


async def test_an_item_is_categorised_while_the_caller_waits(service: AsyncServiceClient) -> None:
    """Waiting calls go through the same queue and answer with the result."""
    answer = await service.categorize("Whole Milk", LABELS, request_id="r-1")

    assert answer.request_id == "r-1"
    assert answer.payload is not None
    assert answer.payload.category == "Dairy"
    assert answer.payload.confidence_level == "high"
    assert sum(answer.payload.all_scores.values()) == pytest.approx(1)


async def test_many_items_are_categorised_at_once(service: AsyncServiceClient) -> None:
    """The predictions are in the order of the items."""
    answer = await service.categorize_batch(["Bananas", "Dish Soap", "Sourdough Bread"], LABELS)

    assert answer.payload is not None
    assert [prediction.predicted_category for prediction in answer.payload.predictions] == [
        "Produce",
        "Household",
        "Bakery",
    ]


async def test_texts_become_vectors_that_are_near_when_they_mean_the_same(
    service: AsyncServiceClient,
) -> None:
    """Vectors have length 1, so their dot product is the cosine."""
    answer = await service.embed(["whole milk", "full fat milk", "dish soap"])

    milk, same, soap = (embedding.vector for embedding in answer.embeddings)
    assert answer.dimension == len(milk) == 384
    assert _dot(milk, milk) == pytest.approx(1, abs=1e-4)
    assert _dot(milk, same) > _dot(milk, soap)


async def test_a_receipt_can_be_read_into_the_flat_shape(
    service: AsyncServiceClient, receipt_png: bytes, drawn: DrawnReceipt
) -> None:
    """The flat shape has the same values, as numbers instead of decimal strings."""
    answer = await service.extract_receipt(receipt_png)

    assert answer.payload is not None
    assert answer.payload.total == drawn.total
    assert answer.payload.items[0].name == "Organic Whole Milk"
    assert answer.payload.items[0].price == Decimal("1.85")


async def test_a_receipt_can_be_uploaded_as_a_file(
    service: AsyncServiceClient, receipt_png: bytes, drawn: DrawnReceipt
) -> None:
    """The same image finds the same work, whether it is sent as a file or as base64."""
    uploaded = await service.upload_receipt(receipt_png, request_id="r-2")
    flat = await service.extract_receipt(receipt_png)

    assert uploaded.request_id == "r-2"
    assert uploaded.extraction.total.amount == drawn.total
    assert flat.metadata.replayed


async def test_jobs_are_listed_newest_first(service: AsyncServiceClient) -> None:
    """A tenant can list its jobs page by page."""
    for name in ("Milk", "Bread", "Soap"):
        await service.categorize(name, LABELS)

    first = await service.jobs(limit=2)
    second = await service.jobs(limit=2, cursor=first.next_cursor)

    names = [job.input_payload["item_name"] for job in [*first.jobs, *second.jobs]]
    assert names == ["Soap", "Bread", "Milk"]
    assert second.next_cursor is None


async def test_an_image_without_text_fails_with_a_reason(
    service: AsyncServiceClient, blank_png: bytes
) -> None:
    """A job with bad input fails at the first attempt, and its error says why."""
    job = await service.await_job((await service.submit_receipt(blank_png)).id)

    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.code == "no_text_found"
    assert not job.error.retryable


async def test_a_waiting_call_answers_with_the_reason(
    service: AsyncServiceClient, blank_png: bytes
) -> None:
    """A waiting call answers with the error of its job."""
    with pytest.raises(NoTextFound) as refused:
        await service.extract_receipt(blank_png)

    assert refused.value.problem["status"] == 422
    assert refused.value.code == "no_text_found"


def _dot(left: list[float], right: list[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))

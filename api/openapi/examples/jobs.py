"""Examples of the calls that submit a job, look at it, or change what becomes of it."""

from datetime import UTC, datetime, timedelta

from api.openapi.examples.example import REQUEST_ID, TENANT, TRACE_ID, Examples
from api.openapi.examples.items import categorize_request, category, metadata
from api.openapi.examples.receipts import receipt_request
from shared.contracts.batches import EntryRefusal, EntryResult, JobBatch, JobBatchRequest
from shared.contracts.features import Feature
from shared.contracts.jobs import AttemptView, JobError, JobPage, JobStatus, JobView, StageView
from shared.contracts.outcomes import AttemptOutcome
from shared.errors import Cancelled, QueueFull

_WORKER = "worker-1-48210"
_ACCEPTED = datetime(2026, 10, 3, 16, 20, 0, tzinfo=UTC)
_STARTED = _ACCEPTED + timedelta(milliseconds=31)
_ENDED = _ACCEPTED + timedelta(milliseconds=48.2)


def examples() -> dict[str, Examples]:
    """Return the examples by `operationId`."""
    return {
        "submitJob": Examples(
            {"Categorise an item": categorize_request(), "Read a receipt": receipt_request()},
            {200: succeeded(), 202: queued()},
        ),
        "submitJobBatch": Examples(
            {"Two items, of which one has no room": _batch_request()},
            {200: _batch()},
        ),
        "getJob": Examples(answers={200: succeeded()}),
        "listJobs": Examples(answers={200: JobPage(jobs=[succeeded()], next_cursor=None)}),
        "cancelJob": Examples(answers={200: _cancelled(), 202: _running()}),
        "retryJob": Examples(answers={202: queued()}),
    }


def _batch_request() -> JobBatchRequest:
    first = categorize_request().model_dump(mode="json", exclude={"tenant_id"}, exclude_unset=True)
    second = {**first, "payload": {**first["payload"], "item_name": "Sourdough"}, "request_id": "2"}
    return JobBatchRequest(tenant_id=TENANT, jobs=[first, second])


def _batch() -> JobBatch:
    full = JobError.of(QueueFull()).model_dump()
    refusal = EntryRefusal(**full, retry_after=30)
    return JobBatch(
        results=[
            EntryResult(index=0, job=queued(), error=None, replayed=False),
            EntryResult(index=1, job=None, error=refusal, replayed=False),
        ]
    )


def queued() -> JobView:
    """Return a job that waits."""
    return JobView(
        id=metadata().job_id,
        tenant_id=TENANT,
        user_id=None,
        request_id=REQUEST_ID,
        feature=Feature.CATEGORIZATION,
        status=JobStatus.QUEUED,
        priority=0,
        dispatch="published",
        input_payload=categorize_request().payload.model_dump(mode="json"),
        output_payload=None,
        error=None,
        attempts=[],
        model_id=None,
        model_version=None,
        created_at=_ACCEPTED,
        started_at=None,
        finished_at=None,
        latency_ms=None,
        trace_id=TRACE_ID,
    )


def succeeded() -> JobView:
    """Return the same job after its first attempt."""
    attempt = AttemptView(
        number=1,
        outcome=AttemptOutcome.SUCCEEDED,
        worker_id=_WORKER,
        started_at=_STARTED,
        finished_at=_ENDED,
        error=None,
        stages=[StageView(name="categorize_item", start_ms=0.4, duration_ms=11.8)],
    )
    return _running().model_copy(
        update={
            "status": JobStatus.SUCCEEDED,
            "output_payload": category().model_dump(mode="json"),
            "attempts": [attempt],
            "model_id": metadata().model_id,
            "model_version": metadata().model_version,
            "finished_at": _ENDED,
            "latency_ms": metadata().latency_ms,
        }
    )


def _running() -> JobView:
    return queued().model_copy(update={"status": JobStatus.RUNNING, "started_at": _STARTED})


def _cancelled() -> JobView:
    return queued().model_copy(
        update={
            "status": JobStatus.CANCELLED,
            "error": JobError.of(Cancelled()),
            "finished_at": _ENDED,
            "latency_ms": metadata().latency_ms,
        }
    )

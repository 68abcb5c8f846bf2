"""Many jobs in one request, of which a bad one refuses none of the others."""

from typing import Annotated, Any

from pydantic import Field, PlainValidator

from shared.contracts.jobs import JobError, JobView
from shared.contracts.requests import (
    CategorizeBatchRequest,
    CategorizeRequest,
    EmbeddingRequest,
)
from shared.contracts.text import Contract, Identifier

MAX_JOBS = 500


class CategorizeEntry(CategorizeRequest):
    """One item to be categorised, among other jobs."""

    idempotency_key: Identifier | None = None


class CategorizeBatchEntry(CategorizeBatchRequest):
    """Up to 50 items to be categorised by one job, among other jobs."""

    idempotency_key: Identifier | None = None


class EmbeddingEntry(EmbeddingRequest):
    """Up to 256 texts to be embedded by one job, among other jobs."""

    idempotency_key: Identifier | None = None


# Receipts have images, so each of them is a request of its own.
JobEntry = Annotated[
    CategorizeEntry | CategorizeBatchEntry | EmbeddingEntry, Field(discriminator="feature")
]


def _as_it_is(entry: Any) -> Any:
    return entry


class JobBatchRequest(Contract):
    """Up to 500 jobs. `tenant_id` and `user_id` are those of every entry that names none.

    The entries are validated one by one, so they are as they were sent here.
    """

    tenant_id: Identifier | None = None
    user_id: Identifier | None = None
    jobs: Annotated[
        list[Annotated[Any, PlainValidator(_as_it_is, json_schema_input_type=JobEntry)]],
        Field(min_length=1, max_length=MAX_JOBS),
    ]


class EntryRefusal(JobError):
    """Why an entry is no job. `retry_after`: after how many seconds to send it again, if known."""

    retry_after: int | None = None


class EntryResult(Contract):
    """What became of the entry at `index`, from 0: a job or an error.

    `replayed`: the job existed before this request, or is that of another entry.
    """

    index: int
    job: JobView | None
    error: EntryRefusal | None
    replayed: bool


class JobBatch(Contract):
    """The results of a batch of jobs, in the order of its entries."""

    results: list[EntryResult]

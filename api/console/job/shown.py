"""Reads what the page of a job shows."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from api.access.caller import Caller
from api.console.job.fields import ReceiptFields, pictures_of, receipt_fields
from api.console.job.timeline import Period, timeline
from api.console.pictures.boxes import PagePicture
from api.console.pictures.waterfall import Bar, Waterfall, waterfall
from api.front import Front
from api.job_views import output_of
from shared.contracts.features import Feature
from shared.contracts.receipts.rich import RichReceipt
from shared.rejections import ImageDeleted, JobNotFound
from shared.store.hot.reading import JobRow, read_jobs
from shared.store.images.reading import find_image
from shared.store.queues.place import Place, place_of, repeated_id

# Characters of JSON that a page shows of a payload or an output.
_LONGEST = 50_000
# Numbers of a vector that it shows.
_NUMBERS = 4


@dataclass(frozen=True, kw_only=True)
class ShownJob:
    """A job as its page shows it. Texts of JSON are indented, and cut off at a length."""

    job: JobRow
    place: Place
    payload: dict[str, Any]
    input_text: str
    output: dict[str, Any] | None
    output_text: str
    receipt: RichReceipt | None
    receipts: list[ReceiptFields]
    pages: list[PagePicture]
    periods: list[Period]
    picture: Waterfall
    # The job that this one repeats, if it does.
    repeats: UUID | None


async def readable_job(front: Front, caller: Caller, job_id: UUID) -> JobRow:
    """Return a job that the caller may see. Raises JobNotFound, and Bug for an unreadable row."""
    job = (await read_jobs(front.database, [job_id])).get(job_id)
    if isinstance(job, Exception):
        raise job
    if job is None or not caller.acts_for(job.tenant_id):
        raise JobNotFound
    return job


async def shown_job(front: Front, caller: Caller, job_id: UUID) -> ShownJob:
    """Return a job that the caller may see. Raises JobNotFound, and Bug for an unreadable row."""
    job = await readable_job(front, caller, job_id)
    place = await place_of(front.database, job_id)
    if place is None:
        raise JobNotFound
    periods = timeline(job, place)
    payload, output = json.loads(job.payload), output_of(job)
    receipt = _receipt(job)
    receipts = receipt_fields(receipt) if receipt else []
    return ShownJob(
        job=job,
        place=place,
        payload=payload,
        input_text=_pretty(payload),
        output=output,
        output_text=_pretty(_with_short_vectors(output)),
        receipt=receipt,
        receipts=receipts,
        pages=pictures_of(receipt, receipts) if receipt else [],
        periods=periods,
        picture=waterfall([_bar(job, period) for period in periods]),
        repeats=repeated_id(job.request_id),
    )


async def image_state(front: Front, job: JobRow) -> str:
    """Return whether a job has an image: `kept`, `deleted` after its retention, or `none`."""
    if job.feature is not Feature.RECEIPT_EXTRACTION:
        return "none"
    try:
        await find_image(front.database, job.id, job.tenant_id)
    except ImageDeleted:
        return "deleted"
    return "kept"


def _bar(job: JobRow, period: Period) -> Bar:
    return Bar(
        kind=period.kind,
        label=f"{period.attempt} · {period.label}",
        start=max(0.0, (period.start - job.created_at).total_seconds()),
        end=max(0.0, (period.end - job.created_at).total_seconds()),
    )


def _receipt(job: JobRow) -> RichReceipt | None:
    """Return the output of a receipt, or None if it has none, or one of an unknown shape."""
    if job.feature is not Feature.RECEIPT_EXTRACTION or job.output is None:
        return None
    try:
        return RichReceipt.model_validate_json(job.output)
    except ValidationError:
        # What an older or newer version wrote is shown as JSON.
        return None


def _with_short_vectors(output: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return an output with the beginning of each vector only, which is of no use to people."""
    if output is None or "embeddings" not in output:
        return output
    short = [
        {**each, "vector": [*each.get("vector", [])[:_NUMBERS], "…"]}
        for each in output["embeddings"]
    ]
    return {**output, "embeddings": short}


def _pretty(value: dict[str, Any] | None) -> str:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n… ({len(text):,} characters)"

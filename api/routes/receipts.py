"""Waiting calls that read a receipt and answer in the flat or in the rich shape."""

from fastapi import APIRouter, Request

from api.access.caller import WRITES
from api.answering import Done, answer, envelope
from api.front import FrontDep, IdempotencyKey
from api.openapi.problems import IMAGES, RECEIPTS, SUBMITTED, WAITED, problems
from api.requests.body import BodyRequest, ImageRoute
from api.requests.upload import REQUEST_BODY, read_upload
from shared.contracts.jobs import Answer
from shared.contracts.receipts.flat import FlatReceipt
from shared.contracts.receipts.rich import RichReceipt
from shared.contracts.requests import ReceiptRequest
from shared.rejections import MalformedBody, TenantRequired

router = APIRouter(
    prefix="/api/v1",
    dependencies=[WRITES],
    tags=["receipts"],
    route_class=ImageRoute,
    responses=problems(*SUBMITTED, *IMAGES, *WAITED, *RECEIPTS),
)


@router.post("/extract-receipt", response_model=Answer[FlatReceipt])
async def extract_receipt(
    request: ReceiptRequest, front: FrontDep, http: Request, key: IdempotencyKey = None
) -> Answer[FlatReceipt]:
    """Read one receipt and return it in the flat shape."""
    done = await answer(http, front, request, key)
    return envelope(request.request_id, FlatReceipt.of(_rich(done)), done)


@router.post(
    "/receipts/extract",
    response_model=RichReceipt,
    openapi_extra=REQUEST_BODY,
    responses=problems(MalformedBody, TenantRequired),
)
async def extract_rich_receipt(
    front: FrontDep, http: Request, key: IdempotencyKey = None
) -> RichReceipt:
    """Read one receipt, sent as JSON or as a multipart upload, and return the rich shape."""
    assert isinstance(http, BodyRequest)  # noqa: S101 (FastAPI wants the annotation `Request`)
    upload = await read_upload(http, front)
    done = await answer(http, front, upload.request, key)
    return _rich(done).model_copy(
        update={"version": upload.version, "request_id": upload.request.request_id}
    )


def _rich(done: Done) -> RichReceipt:
    """Return the receipt. The job knows who read it and when, which old outputs do not say."""
    known = {"model_id": done.job.model_id, "read_at": done.job.finished_at}
    return RichReceipt.model_validate({**known, **done.output})

"""The call that shows the image of a job."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Response

from api.access.caller import READS
from api.front import FrontDep, TenantDep
from api.openapi.problems import FETCHED, TENANT, problems
from shared.errors import RecognitionCrashed
from shared.images.headers import JPEG, PNG, WEBP
from shared.images.pdf_scale import MAX_PAGES
from shared.rejections import (
    ImageDeleted,
    ImageNotFound,
    ImageTooCostly,
    ImageUnreadable,
    JobNotFound,
)
from shared.store.images.reading import find_image, read_image

router = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])

# The image of a job never changes, but a browser has to ask again. It would otherwise show a
# deleted image, and one tenant's to another who uses the same browser.
_CACHE = "private, no-cache"
_BINARY = {"schema": {"type": "string", "format": "binary"}}


@router.get(
    "/{job_id}/image",
    response_class=Response,
    dependencies=[READS],
    responses={
        200: {
            "description": "The image",
            "content": dict.fromkeys((JPEG, PNG, WEBP), _BINARY),
        },
        304: {"description": "The caller has this image (If-None-Match)"},
        **problems(
            *TENANT,
            *FETCHED,
            JobNotFound,
            ImageNotFound,
            ImageDeleted,
            ImageUnreadable,
            ImageTooCostly,
            RecognitionCrashed,
        ),
    },
)
async def get_image(
    job_id: UUID,
    tenant_id: TenantDep,
    front: FrontDep,
    page: Annotated[int, Query(ge=1, le=MAX_PAGES)] = 1,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Show the image of a receipt as its boxes are drawn on it: upright, and never HEIC or PDF.

    Its sides are those in `pages` of the result. A PDF has a `page` for each of its first five.
    """
    etag = f'"{await find_image(front.database, job_id, tenant_id)}-{page}"'
    headers = {"ETag": etag, "Cache-Control": _CACHE}
    if if_none_match and (if_none_match.strip() == "*" or etag in if_none_match):
        return Response(status_code=304, headers=headers)
    async with front.shown_images.place(tenant_id):
        stored = await read_image(front.database, front.images, job_id, tenant_id)
        shown = await front.shown_images.page(stored, page)
    name = f"{job_id}-{page}.{shown.media_type.partition('/')[2]}"
    headers["Content-Disposition"] = f'inline; filename="{name}"'
    return Response(shown.content, media_type=shown.media_type, headers=headers)

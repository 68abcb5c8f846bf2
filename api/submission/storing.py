"""What a job stores of a request: its payload as text, the image apart, the hash of the work."""

import asyncio
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from api.requests.encoded_image import EncodedImage, SentImage
from shared.contracts.features import Feature
from shared.contracts.requests import JobRequest, ReceiptRequest
from shared.images.inspection import ImageLimits, decode_base64, inspect
from shared.rejections import InvalidRequest


@dataclass(frozen=True)
class Stored:
    """`payload` is the text of a JSON object; `request_hash` is a sha256 as 64 hex digits."""

    payload: str
    image: bytes | None
    request_hash: str


async def stored(request: JobRequest, image: SentImage, limits: ImageLimits) -> Stored:
    """Return what to store. `image`: how it was sent, if not as base64 in the payload.

    Raises the Image errors, and InvalidRequest if the body has a large image elsewhere.
    """
    if isinstance(request, ReceiptRequest):
        return await asyncio.to_thread(_receipt, request, image, limits)
    # Faster than handing it to a thread, for a payload of the longest batch too.
    return _stored(request, request.payload.model_dump(mode="json"), None)


def _receipt(request: ReceiptRequest, image: SentImage, limits: ImageLimits) -> Stored:
    payload = request.payload.model_dump(mode="json", exclude={"image_base64"})
    if isinstance(image, EncodedImage):
        if request.payload.image_base64 != image.marker:
            raise InvalidRequest("image_base64: the body has another one, where none belongs.")
        image = image.decode(limits)
    elif image is None:
        image = decode_base64(request.payload.image_base64, limits)
    payload["image"] = inspect(image, limits).as_json()
    return _stored(request, payload, image)


def _stored(request: JobRequest, payload: dict[str, Any], image: bytes | None) -> Stored:
    feature = Feature(request.feature)
    # The payload has the sha256 of the image.
    canonical = json.dumps([request.tenant, feature, payload], sort_keys=True, ensure_ascii=False)
    return Stored(json.dumps(payload), image, hashlib.sha256(canonical.encode()).hexdigest())

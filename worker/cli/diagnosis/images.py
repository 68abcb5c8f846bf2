"""Check that the object store of IMAGE_STORE takes, returns, lists and deletes images."""

from uuid import uuid4

from shared.errors import ServiceError
from shared.settings import Settings
from shared.store.images.keeping import opened_images
from shared.store.images.reference import key_of
from worker.cli.diagnosis.finding import Finding, error, ok, reason

_CURE = (
    "Correct IMAGE_STORE, AWS_ENDPOINT_URL or the credentials, and let them get, put, delete and "
    "list below the prefix. Until then receipts are refused, and jobs wait."
)
_CONTENT = b"written by grocery-ai doctor"


async def check_images(settings: Settings) -> list[Finding]:
    """Check the object store, if there is one. Whatever is wrong with it is a finding, not raised.

    The image that it writes is deleted at once, or else swept as an orphan.
    """
    try:
        async with opened_images(settings) as images:
            if images.objects is None:
                return [ok("image store", "postgres")]
            key = key_of("grocery-ai doctor", uuid4())
            reference = await images.objects.put(key, _CONTENT)
            await images.objects.get(reference)
            await images.objects.check()
            await images.objects.delete([key])
    except (ServiceError, OSError) as wrong:
        return [error("image store", f"cannot be used: {reason(wrong)}", _CURE)]
    return [ok("image store", f"{settings.image_store} takes, returns, lists and deletes images")]

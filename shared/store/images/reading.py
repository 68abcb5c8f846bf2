"""Finds and reads the image of a job."""

from dataclasses import dataclass
from uuid import UUID

from shared.rejections import ImageDeleted, ImageNotFound, JobNotFound
from shared.store.images.keeping import Images
from shared.store.images.reference import reference_of
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

_FIND = Statement(
    "images.find",
    "select",
    """
    SELECT payload->'image'->>'media_type' AS media_type, payload->'image'->>'sha256' AS sha256,
        job_images.job_id IS NOT NULL AS is_kept
    FROM jobs LEFT JOIN job_images ON job_images.job_id = jobs.id
    WHERE jobs.id = $1 AND tenant_id = $2
    """,
)
_READ = Statement(
    "images.read",
    "select",
    """
    SELECT payload->'image'->>'media_type' AS media_type, content, object_url, object_size
    FROM jobs JOIN job_images ON job_images.job_id = jobs.id
    WHERE jobs.id = $1 AND tenant_id = $2
    """,
)


@dataclass(frozen=True)
class StoredImage:
    """An image as it was sent."""

    content: bytes
    media_type: str


async def find_image(database: Database, job_id: UUID, tenant_id: str) -> str:
    """Return the SHA-256 of the image of a tenant's job, in hexadecimal, without reading the image.

    Raises JobNotFound, ImageNotFound if the job has none, and ImageDeleted after its retention.
    """
    rows = await database.fetch(_FIND, job_id, tenant_id)
    if not rows:
        raise JobNotFound
    (row,) = rows
    if row["media_type"] is None:
        raise ImageNotFound
    if not row["is_kept"]:
        raise ImageDeleted
    return str(row["sha256"])


async def read_image(
    database: Database, images: Images, job_id: UUID, tenant_id: str
) -> StoredImage:
    """Return an image that was found. Raises ImageDeleted if it was deleted since.

    If it is in an object store, raises ImageStoreUnavailable, ImageStoreUnknown and ImageLost too.
    """
    rows = await database.fetch(_READ, job_id, tenant_id)
    if not rows:
        raise ImageDeleted
    (row,) = rows
    reference = reference_of(row)
    content = row["content"] if reference is None else await images.read(reference)
    return StoredImage(content, row["media_type"])

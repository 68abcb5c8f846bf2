"""Reads the image of a job."""

from dataclasses import dataclass
from uuid import UUID

from shared.rejections import ImageDeleted, ImageNotFound, JobNotFound
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

_READ = Statement(
    "images.read",
    "select",
    """
    SELECT payload->'image'->>'media_type' AS media_type, payload->'image'->>'sha256' AS sha256,
        content
    FROM jobs LEFT JOIN job_images ON job_images.job_id = jobs.id
    WHERE jobs.id = $1 AND tenant_id = $2
    """,
)


@dataclass(frozen=True)
class StoredImage:
    """An image as it was sent. `sha256` is of its bytes, in hexadecimal."""

    content: bytes
    media_type: str
    sha256: str


async def read_image(database: Database, job_id: UUID, tenant_id: str) -> StoredImage:
    """Return the image of a tenant's job.

    Raises JobNotFound, ImageNotFound if the job has none, and ImageDeleted after its retention.
    """
    rows = await database.fetch(_READ, job_id, tenant_id)
    if not rows:
        raise JobNotFound
    (row,) = rows
    if row["media_type"] is None:
        raise ImageNotFound
    if row["content"] is None:
        raise ImageDeleted
    return StoredImage(row["content"], row["media_type"], row["sha256"])

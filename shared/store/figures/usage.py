"""What the database keeps of a tenant."""

from dataclasses import dataclass

from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

# The size of an image is known without reading it.
_READ = Statement(
    "tenants.usage",
    "select",
    """
    SELECT
        (SELECT count(*) FROM jobs WHERE tenant_id = $1 AND finished_at IS NOT NULL)
            + (SELECT count(*) FROM jobs WHERE tenant_id = $1 AND state IN ('queued', 'running'))
            AS jobs,
        (
            SELECT coalesce(sum(coalesce(octet_length(content), object_size)), 0)::bigint
            FROM job_images JOIN jobs ON jobs.id = job_images.job_id WHERE tenant_id = $1
        ) AS image_bytes
    """,
)


@dataclass(frozen=True)
class Usage:
    """How many jobs of a tenant are kept, ended or not, and how many bytes their images have."""

    jobs: int = 0
    image_bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.jobs + other.jobs, self.image_bytes + other.image_bytes)


async def read_usage(database: Database, tenant_id: str) -> Usage:
    """Return what is kept of a tenant. Raises DatabaseUnavailable."""
    (row,) = await database.fetch(_READ, tenant_id)
    return Usage(row["jobs"], row["image_bytes"])

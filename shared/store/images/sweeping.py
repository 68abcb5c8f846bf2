"""Deletes the objects that no row names: of submissions that were not accepted, and of crashes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from shared.store.images.reference import job_of
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement

if TYPE_CHECKING:
    # The library is loaded only where there is an object store.
    from shared.store.images.objects import Listed, ObjectStore

# How old an orphan is before it is swept. A row is committed seconds after its object is stored.
ORPHAN = timedelta(days=1)

_NOW = Statement("images.now", "select", "SELECT now() AS now")
_ORPHANS = Statement(
    "images.orphans",
    "select",
    """
    SELECT key FROM unnest($1::uuid[], $2::text[], $3::text[]) AS asked (job_id, url, key)
    WHERE NOT EXISTS (
        SELECT FROM job_images
        WHERE job_images.job_id = asked.job_id AND object_url = asked.url
    )
    """,
)


class Swept(NamedTuple):
    """How many orphans were deleted, and how many are left because they are too young."""

    deleted: int
    young: int


async def sweep(
    database: Database,
    objects: "ObjectStore",
    *,
    older_than: timedelta = ORPHAN,
    folder: str | None = None,
) -> Swept:
    """Delete the orphans of the store, or of one folder of it, page by page.

    Objects whose keys are not ours are left alone. No transaction is open meanwhile. Raises
    DatabaseUnavailable and ImageStoreUnavailable.
    """
    (row,) = await database.fetch(_NOW)
    before = row["now"] - older_than
    deleted = young = 0
    async for page in objects.pages(folder):
        orphans = await _orphans(database, objects, page)
        old = [key for key in orphans if orphans[key] < before]
        await objects.delete(old)
        deleted += len(old)
        young += len(orphans) - len(old)
    return Swept(deleted, young)


async def _orphans(
    database: Database, objects: "ObjectStore", page: "Sequence[Listed]"
) -> dict[str, datetime]:
    """Return the keys of objects that no row names, with when they were stored."""
    ours = {found.key: found.stored_at for found in page if job_of(found.key)}
    if not ours:
        return {}
    urls = [f"{objects.url}/{key}" for key in ours]
    rows = await database.fetch(_ORPHANS, [job_of(key) for key in ours], urls, list(ours))
    return {row["key"]: ours[row["key"]] for row in rows}

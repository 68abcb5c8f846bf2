"""Deletes everything that is stored for a tenant, in chunks that are each committed.

A job that runs is asked to stop before its row is deleted. Without a row its claim does not hold,
so whatever its worker still brings is refused, and the next heartbeat stops it at the latest.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from shared.contracts.jobs import JobStatus
from shared.contracts.service.access import DeletedData
from shared.image_errors import ImageStoreUnavailable, ImageStoreUnknown
from shared.store.access.audit import record
from shared.store.images.keeping import Images
from shared.store.images.reference import folder_of
from shared.store.images.sweeping import sweep
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Statement
from shared.store.transitions.by_hand import Cancelling, cancel_of_tenant

# Jobs of a statement. Each may have an image of megabytes.
_CHUNK = 100
# After so long no submission commits the row of an object that it has stored.
_UNDER_WAY = timedelta(minutes=1)
# Seconds that workers have to stop what they run, and between two looks whether they have.
_STOPPING, _LOOK = 2.0, 0.1

_DOOMED = "SELECT id FROM jobs WHERE tenant_id = $1 AND created_at <= $2 AND "
# Each has the condition of an index.
_ENDED = f"{_DOOMED} finished_at IS NOT NULL ORDER BY state, created_at, id LIMIT $3"
_LIVE = f"{_DOOMED} state IN ('queued', 'running') ORDER BY id LIMIT $3"
_DELETE = """
WITH doomed AS ({} FOR UPDATE),
deliveries AS (
    DELETE FROM callback_deliveries USING job_callbacks, doomed
    WHERE callback_id = job_callbacks.id AND job_callbacks.job_id = doomed.id RETURNING 1
),
callbacks AS (DELETE FROM job_callbacks USING doomed WHERE job_id = doomed.id RETURNING 1),
images AS (
    DELETE FROM job_images USING doomed WHERE job_id = doomed.id RETURNING object_url
),
gone AS (DELETE FROM jobs USING doomed WHERE jobs.id = doomed.id RETURNING 1)
SELECT
    (SELECT count(*) FROM gone) AS jobs,
    (SELECT count(*) FROM images) AS images,
    (SELECT count(*) FROM callbacks) AS callbacks,
    (SELECT count(*) FROM deliveries) AS deliveries,
    (SELECT array_agg(object_url) FILTER (WHERE object_url IS NOT NULL) FROM images) AS urls
"""
_DELETE_ENDED = Statement("tenants.delete_ended", "delete", _DELETE.format(_ENDED))
_DELETE_LIVE = Statement("tenants.delete_live", "delete", _DELETE.format(_LIVE))
_RUNNING = Statement(
    "tenants.running",
    "select",
    f"{_DOOMED} state = 'running' AND state IN ('queued', 'running') LIMIT 1",
)
# Their conditions may quote what was sent.
_DELETE_BULK = Statement(
    "tenants.delete_bulk",
    "delete",
    "DELETE FROM bulk_operations WHERE tenants = ARRAY[$1::text] AND created_at <= $2",
)
_URLS = Statement(
    "tenants.image_urls",
    "select",
    """
    SELECT object_url AS url FROM job_images JOIN jobs ON jobs.id = job_images.job_id
    WHERE tenant_id = $1 AND object_url IS NOT NULL AND NOT starts_with(object_url, $2)
    LIMIT 1
    """,
)
# In the order in which those lock them who take turns.
_FORGET_TURNS = Statement(
    "tenants.forget_turns",
    "delete",
    """
    WITH locked AS (
        SELECT queue, band FROM tenant_turns WHERE tenant_id = $1
        ORDER BY queue, band FOR UPDATE
    )
    DELETE FROM tenant_turns USING locked
    WHERE tenant_id = $1 AND tenant_turns.queue = locked.queue AND tenant_turns.band = locked.band
    """,
)


async def delete_data(
    database: Database,
    images: Images,
    tenant_id: str,
    *,
    actor: str,
    request_id: str | None = None,
    cancelled: Callable[[UUID, Cancelling], Awaitable[None]],
) -> DeletedData:
    """Delete the jobs of a tenant that exist now, with all that belongs to them; return counts.

    Live jobs are cancelled first, and `cancelled` hears of each that ended by that. Jobs that are
    submitted meanwhile stay. It may be repeated after a failure, and then deletes the rest: the
    folder of a tenant in the object store shows what no row names any more. Raises
    DatabaseUnavailable, ImageStoreUnknown before anything is deleted, and ImageStoreUnavailable
    while objects remain.
    """
    await _check_urls(database, images, tenant_id)
    async with database.transaction() as session:
        begun = (await session.scalars(select(func.clock_timestamp()))).one()
        await record(
            session,
            "tenant.delete_data",
            actor,
            tenant_id,
            tenant_id=tenant_id,
            request_id=request_id,
        )
    counts = Counter(cancelled=await _cancel(database, tenant_id, begun, cancelled))
    counts += await _delete(database, images, _DELETE_ENDED, tenant_id, begun)
    await _stopped(database, tenant_id, begun)
    # Those that have stopped meanwhile, and those whose workers do not answer.
    for statement in (_DELETE_ENDED, _DELETE_LIVE, _DELETE_ENDED):
        counts += await _delete(database, images, statement, tenant_id, begun)
    await _delete_orphans(database, images, tenant_id)
    await database.fetch(_FORGET_TURNS, tenant_id)
    await database.fetch(_DELETE_BULK, tenant_id, begun)
    return DeletedData(
        tenant_id=tenant_id,
        **{name: counts[name] for name in DeletedData.model_fields if name != "tenant_id"},
    )


async def _cancel(
    database: Database,
    tenant_id: str,
    begun: datetime,
    cancelled: Callable[[UUID, Cancelling], Awaitable[None]],
) -> int:
    """Cancel every live job, and return how many there were."""
    count = 0
    while True:
        async with database.transaction() as session:
            chunk = await cancel_of_tenant(session, tenant_id, begun, _CHUNK)
        for job_id, cancelling in chunk:
            if cancelling.state is JobStatus.CANCELLED:
                await cancelled(job_id, cancelling)
        count += len(chunk)
        if len(chunk) < _CHUNK:
            return count


async def _stopped(database: Database, tenant_id: str, begun: datetime) -> None:
    """Wait until no job runs any more, but not for long."""
    for _ in range(round(_STOPPING / _LOOK)):
        if not await database.fetch(_RUNNING, tenant_id, begun):
            return
        await asyncio.sleep(_LOOK)


async def _check_urls(database: Database, images: Images, tenant_id: str) -> None:
    """Raise ImageStoreUnknown if this process cannot delete an image of the tenant."""
    ours = f"{images.objects.url}/" if images.objects else "postgres"
    if await database.fetch(_URLS, tenant_id, ours):
        raise ImageStoreUnknown


async def _delete_orphans(database: Database, images: Images, tenant_id: str) -> None:
    """Delete the objects of the tenant that no row names, such as those of an earlier call."""
    if images.objects is None:
        return
    swept = await sweep(
        database, images.objects, older_than=_UNDER_WAY, folder=folder_of(tenant_id)
    )
    if swept.young:
        raise ImageStoreUnavailable(
            f"{swept.young} images of the tenant may be those of submissions that are under way. "
            "Delete its data again in a minute.",
            retry_after=round(_UNDER_WAY.total_seconds()),
        )


async def _delete(
    database: Database, images: Images, statement: Statement, tenant_id: str, begun: datetime
) -> Counter[str]:
    """Delete chunk by chunk until nothing is left, and return the counts."""
    counts: Counter[str] = Counter()
    while True:
        (row,) = await database.fetch(statement, tenant_id, begun, _CHUNK)
        counted = dict(row.items())
        await images.forget(counted.pop("urls") or [])
        counts.update(counted)
        if row["jobs"] < _CHUNK:
            return counts

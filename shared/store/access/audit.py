"""The audit: what operators did, in rows that hold ids only."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.store.models import AuditEntry

# The actor of what is done by the command line beside the database.
COMMAND_LINE = "cli"
# Rows per call, so that each transaction is short.
_BATCH = 1000


async def record(
    session: AsyncSession,
    action: str,
    actor: str,
    subject: str,
    *,
    tenant_id: str | None = None,
    request_id: str | None = None,
) -> None:
    """Record within the caller's transaction that an operator does something.

    `action` is `<thing>.<verb>`, such as `queue.pause`. `actor` is the id of a token, `anybody`
    with AUTH=off, or COMMAND_LINE. `subject` is the id of what it is done to. Nothing of a payload
    belongs here.
    """
    entry = AuditEntry(
        action=action, actor=actor, subject=subject, tenant_id=tenant_id, request_id=request_id
    )
    session.add(entry)
    await session.flush()


@dataclass(frozen=True)
class AuditFilter:
    """Which entries are wanted: those that have all of these values, whose None stands for any."""

    action: str | None = None
    actor: str | None = None
    tenant_id: str | None = None


EVERYTHING = AuditFilter()


async def entries(
    session: AsyncSession,
    limit: int,
    before: int | None = None,
    wanted: AuditFilter = EVERYTHING,
) -> Sequence[AuditEntry]:
    """Return up to `limit` entries, newest first: those with an id below `before`."""
    newest = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        newest = newest.where(AuditEntry.id < before)
    for name, value in asdict(wanted).items():
        if value is not None:
            newest = newest.where(getattr(AuditEntry, name) == value)
    return (await session.scalars(newest)).all()


async def prune_audit(session: AsyncSession, seconds: float) -> int:
    """Delete up to 1,000 entries that are older than so many seconds; return how many."""
    age = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    old = select(AuditEntry.id).where(AuditEntry.at < func.now() - age).limit(_BATCH)
    removed = delete(AuditEntry).where(AuditEntry.id.in_(old)).returning(AuditEntry.id)
    return len((await session.scalars(removed)).all())

"""The rows of bulk operations: begins, shows and stops them."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Text, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY

from shared.contracts.search.bulk import BulkAction, BulkOperationView, BulkState
from shared.contracts.search.conditions import Conditions
from shared.store.access.audit import record
from shared.store.bulk.selection import preview
from shared.store.models import BulkOperation
from shared.store.postgres.database import Session

# Rows per call, so that each transaction is short.
_BATCH = 1000


async def begin(
    session: Session,
    action: BulkAction,
    where: Conditions,
    tenants: Collection[str] | None,
    *,
    actor: str,
    request_id: str | None,
) -> BulkOperationView:
    """Store a new operation, on which the fronts then work; return it.

    `tenants` is None for all tenants.
    """
    found = await preview(session, action, where, tenants)
    operation = BulkOperation(
        action=action,
        conditions=where.model_dump(mode="json", exclude_none=True),
        tenants=None if tenants is None else sorted(tenants),
        actor=actor,
        request_id=request_id,
        matched=found.matched,
    )
    session.add(operation)
    await session.flush()
    await session.refresh(operation)
    await _record(session, operation, action, actor, request_id)
    return as_view(operation)


async def find(
    session: Session, operation_id: UUID, tenants: Collection[str] | None
) -> BulkOperationView | None:
    """Return an operation, or None if there is none that concerns only these tenants."""
    query = select(BulkOperation).where(BulkOperation.id == operation_id, *_visible(tenants))
    found = await session.scalar(query)
    return None if found is None else as_view(found)


async def latest(
    session: Session, tenants: Collection[str] | None, limit: int
) -> Sequence[BulkOperationView]:
    """Return up to `limit` operations that concern only these tenants, newest first."""
    query = select(BulkOperation).where(*_visible(tenants))
    newest = query.order_by(BulkOperation.created_at.desc(), BulkOperation.id).limit(limit)
    return [as_view(found) for found in await session.scalars(newest)]


async def stop(
    session: Session,
    operation_id: UUID,
    tenants: Collection[str] | None,
    *,
    actor: str,
    request_id: str | None,
) -> BulkOperationView | None:
    """Stop an operation after its current chunk, and return it, or None as `find` does.

    One that has ended stays as it is.
    """
    stopped = (
        update(BulkOperation)
        .where(
            BulkOperation.id == operation_id,
            BulkOperation.state == BulkState.RUNNING,
            *_visible(tenants),
        )
        .values(
            state=BulkState.STOPPED,
            waits_for=None,
            finished_at=func.now(),
            changed_at=func.now(),
        )
        .returning(BulkOperation)
    )
    if (operation := await session.scalar(stopped)) is not None:
        await _record(session, operation, "stop", actor, request_id)
    return await find(session, operation_id, tenants)


async def prune_operations(session: Session, seconds: float) -> int:
    """Delete up to 1,000 operations that ended more than `seconds` ago; return how many."""
    age = func.make_interval(0, 0, 0, 0, 0, 0, seconds)
    old = select(BulkOperation.id).where(BulkOperation.finished_at < func.now() - age).limit(_BATCH)
    removed = delete(BulkOperation).where(BulkOperation.id.in_(old)).returning(BulkOperation.id)
    return len((await session.scalars(removed)).all())


def as_view(operation: BulkOperation) -> BulkOperationView:
    """Return an operation as callers see it."""
    names = BulkOperationView.model_fields.keys() - {"where"}
    values = {name: getattr(operation, name) for name in names}
    return BulkOperationView(where=Conditions.model_validate(operation.conditions), **values)


def _visible(tenants: Collection[str] | None) -> list[ColumnElement[bool]]:
    if tenants is None:
        return []
    return [BulkOperation.tenants.bool_op("<@")(literal(sorted(tenants), ARRAY(Text)))]


async def _record(
    session: Session, operation: BulkOperation, verb: str, actor: str, request_id: str | None
) -> None:
    only = operation.tenants[0] if operation.tenants and len(operation.tenants) == 1 else None
    await record(
        session,
        f"bulk.{verb}",
        actor,
        str(operation.id),
        tenant_id=only,
        request_id=request_id,
    )

"""Claims deliveries that are due, and records how each attempt ended."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Update, case, func, literal, text, update
from sqlalchemy.dialects.postgresql import JSON, JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from shared.contracts.callbacks import CallbackEvent, DeliveryState
from shared.contracts.features import Feature
from shared.contracts.jobs import JobError
from shared.store.models import CallbackDelivery
from shared.telemetry.trace_context import Carrier

log = structlog.get_logger(__name__)

# For how long a delivery is tried.
LIFETIME = timedelta(days=1)
# For how many seconds a delivery is left that this version of the worker cannot send.
_UNREADABLE_PAUSE = 60.0


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right of a worker to attempt a delivery; `attempts` counts this attempt as well."""

    id: UUID
    attempts: int
    pending_since: datetime


@dataclass(frozen=True, kw_only=True)
class ClaimedDelivery(Claim):
    """A delivery that this worker may attempt until its claim ends, with what has to be sent.

    `output` is None unless the callback includes it.
    """

    url: str
    host: str
    event: CallbackEvent
    finished_at: datetime
    error: JobError | None
    job_id: UUID
    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    output: dict[str, Any] | None
    trace_carrier: Carrier


@dataclass(frozen=True, kw_only=True)
class Room:
    """How many deliveries a worker has room for, and how the hosts share it.

    `slots` are free, and `busy` is how many deliveries the worker is sending now, by host. A host
    has `per_host` of them at most; one of `answering` may have more while no other host is due, as
    long as `reserve` slots stay free.
    """

    slots: int
    per_host: int
    busy: Mapping[str, int] = field(default_factory=dict)
    answering: Collection[str] = ()
    reserve: int = 0


# The recursion visits each host that has pending deliveries once, by the index: with a large
# backlog for one host, looking for the others takes no longer. The hosts alternate, the least busy
# first, so that the slots never all go to the host with the longest backlog.
_CLAIM = text(
    """
    WITH RECURSIVE hosts AS (
        (SELECT host FROM callback_deliveries WHERE state = 'pending' ORDER BY host LIMIT 1)
        UNION ALL
        SELECT (SELECT later.host FROM callback_deliveries AS later
                WHERE later.state = 'pending' AND later.host > hosts.host
                ORDER BY later.host LIMIT 1)
        FROM hosts WHERE hosts.host IS NOT NULL
    ), counted AS (
        SELECT host, coalesce(CAST(CAST(:busy AS jsonb) ->> host AS integer), 0) AS busy,
            CASE WHEN CAST(:answering AS jsonb) ? host THEN :spare ELSE 0 END AS spare
        FROM hosts
    ), placed AS (
        SELECT candidate.id, candidate.due_at, counted.busy + row_number() OVER (
            PARTITION BY counted.host ORDER BY candidate.due_at
        ) AS place
        FROM counted CROSS JOIN LATERAL (
            SELECT delivery.id, delivery.due_at FROM callback_deliveries AS delivery
            WHERE delivery.state = 'pending' AND delivery.host = counted.host
                AND delivery.due_at <= now()
            ORDER BY delivery.due_at
            LIMIT greatest(:per_host - counted.busy, counted.spare, 0)
            FOR UPDATE SKIP LOCKED
        ) AS candidate
    ), ranked AS (
        SELECT id, place, row_number() OVER (ORDER BY place, due_at) AS rank FROM placed
    ), due AS (
        SELECT id FROM ranked
        WHERE rank <= :slots AND (place <= :per_host OR rank <= :spare)
    ), claimed AS (
        UPDATE callback_deliveries AS delivery
        SET attempts = delivery.attempts + 1, due_at = now() + :lasting
        FROM due WHERE delivery.id = due.id
        RETURNING delivery.*
    )
    SELECT claimed.id, callback.url, claimed.host, claimed.event, claimed.attempts,
        claimed.pending_since, claimed.finished_at, claimed.error,
        job.id AS job_id, job.tenant_id, job.user_id, job.request_id, job.feature,
        CASE WHEN callback.include_output AND claimed.event = 'job.succeeded' THEN job.output END
            AS output,
        job.trace_carrier
    FROM claimed
    JOIN job_callbacks AS callback ON callback.id = claimed.callback_id
    JOIN jobs AS job ON job.id = callback.job_id
    """
).columns(error=JSONB, output=JSON, trace_carrier=JSONB)


async def claim_due(session: AsyncSession, room: Room, lasting: float) -> list[ClaimedDelivery]:
    """Claim due deliveries, as many as there is room for, for `lasting` seconds.

    Rows that another worker is claiming are skipped. After `lasting` seconds a delivery whose
    worker died is due again. A row that cannot be sent, because a newer version wrote it, counts
    as a failed attempt.
    """
    rows = await session.execute(
        _CLAIM,
        {
            "slots": room.slots,
            "spare": max(room.slots - room.reserve, 0),
            "per_host": room.per_host,
            "busy": json.dumps(dict(room.busy)),
            "answering": json.dumps(list(room.answering)),
            "lasting": timedelta(seconds=lasting),
        },
    )
    claimed = []
    for row in rows.mappings():
        try:
            claimed.append(_claimed(dict(row)))
        except ValueError:
            await _leave(session, Claim(**{name: row[name] for name in Claim.__annotations__}))
    return claimed


async def _leave(session: AsyncSession, claim: Claim) -> None:
    """Log the current exception, and leave a delivery to workers that can send it."""
    log.exception("callback.unreadable", delivery_id=str(claim.id))
    error = "An internal error occurred; it has been logged."
    await note_failed(session, claim, status=None, error=error, pause=_UNREADABLE_PAUSE)


async def note_delivered(session: AsyncSession, claimed: Claim, status: int) -> bool:
    """Record that the receiver has answered with a status of 2xx.

    Returns False if the delivery is no longer pending, or was asked for again meanwhile. A worker
    whose claim has ended may still record it: the receiver has the callback.
    """
    change = _pending(claimed).values(
        state=DeliveryState.DELIVERED,
        delivered_at=func.now(),
        last_status=status,
        last_error=None,
    )
    return await session.scalar(change.returning(CallbackDelivery.id)) is not None


async def note_failed(
    session: AsyncSession,
    claimed: Claim,
    *,
    status: int | None,
    error: str,
    pause: float | None,
) -> DeliveryState | None:
    """Record that an attempt failed. The next is due in `pause` seconds; None: there is none.

    Returns the new state, which is dead if the next attempt would be later than LIFETIME after the
    delivery was asked for, or None if another worker has claimed the delivery meanwhile.
    """
    due_at = func.now() + timedelta(seconds=pause or 0)
    state = (
        case((due_at > CallbackDelivery.pending_since + LIFETIME, "dead"), else_="pending")
        if pause is not None
        else literal(DeliveryState.DEAD.value)
    )
    change = (
        _pending(claimed)
        .where(CallbackDelivery.attempts == claimed.attempts)
        .values(state=state, due_at=due_at, last_status=status, last_error=error)
    )
    stored = await session.scalar(change.returning(CallbackDelivery.state))
    return None if stored is None else DeliveryState(stored)


async def release_claim(session: AsyncSession, claimed: Claim) -> None:
    """Make a delivery due again at once, since this worker stops before it has an answer."""
    unclaimed = _pending(claimed).where(CallbackDelivery.attempts == claimed.attempts)
    await session.execute(unclaimed.values(due_at=func.now()))


def _pending(claimed: Claim) -> Update:
    return update(CallbackDelivery).where(
        CallbackDelivery.id == claimed.id,
        CallbackDelivery.state == DeliveryState.PENDING,
        CallbackDelivery.pending_since == claimed.pending_since,
    )


def _claimed(row: dict[str, Any]) -> ClaimedDelivery:
    error = row["error"]
    return ClaimedDelivery(
        **{
            **row,
            "event": CallbackEvent(row["event"]),
            "feature": Feature(row["feature"]),
            "error": JobError.model_validate(error) if error else None,
        }
    )

"""Accepts jobs: one statement finds those that exist already, and inserts the others."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import asyncpg

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.errors import ServiceError
from shared.rejections import IdempotencyKeyReused
from shared.store.callbacks.asking import NewCallback
from shared.store.hot import accepting_sql
from shared.store.images.reference import ImageReference
from shared.store.postgres.database import Database
from shared.store.postgres.statements import Row, Statement
from shared.telemetry.trace_context import Carrier


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to be inserted, unless there is one with its idempotency key or its content key.

    `payload` is the text of a JSON object. Two requests have the same `request_hash` if and only if
    they ask for the same work. Whoever chose the `id` may ask for it repeatedly.
    """

    tenant_id: str
    user_id: str | None
    request_id: str | None
    feature: Feature
    priority: int
    payload: str
    image: bytes | None
    idempotency_key: str | None
    content_key: str | None
    request_hash: str
    id: UUID = field(default_factory=uuid4)
    trace_carrier: Carrier = field(default_factory=dict)
    callback: NewCallback | None = None
    # The image, if it is in an object store already.
    reference: ImageReference | None = None


@dataclass(frozen=True)
class Accepted:
    """The job of a NewJob. `replayed`: it existed before, so its state may be any.

    `band` and `turn` are its place in the queue; None if code from before 0.2.0 inserted it.
    """

    id: UUID
    state: JobStatus
    created_at: datetime
    replayed: bool
    band: int | None
    turn: int | None


# What became of a NewJob: the job, or why there is none. None: it may not be inserted, and there is
# no job that it could find.
Acceptance: TypeAlias = Accepted | Exception | None


async def accept(
    database: Database, news: Sequence[NewJob], ceilings: Mapping[UUID, int]
) -> list[Acceptance]:
    """Insert or find a job for each of `news`, and return them in the same order.

    `ceilings` has, by the id of a NewJob, how many jobs its queue may have admitted in all when it
    is in; those that have no ceiling are only looked for. The acceptance is None if that many were
    admitted already, or the job has no ceiling, and none was found. The error is
    IdempotencyKeyReused if the key stands for other work, or else what Postgres does not like about
    this job, which refuses none of the others. All that one statement inserts is committed
    together. The callback of a job that was found is left to the caller. Raises DatabaseUnavailable
    and SchemaBehind, unless it is known of some what became of them; then that is the error of the
    others only.
    """
    results: dict[UUID, Acceptance] = {}
    waiting = news
    try:
        while waiting:
            await _accept_or_divide(database, waiting, ceilings, results)
            # Neither found nor inserted: another transaction, or an earlier row of this statement,
            # inserted the same key meanwhile. Now it can be found.
            waiting = [new for new in waiting if new.id not in results]
    except ServiceError as error:
        if not results:
            raise
        results = {new.id: error for new in news} | results
    return [results[new.id] for new in news]


def _places(news: Sequence[NewJob]) -> list[int]:
    """Return in which order the jobs are inserted.

    Two statements that insert the same keys do so in the same order, so that neither waits for the
    other while the other waits for it.
    """
    in_order = sorted(
        news, key=lambda new: (new.tenant_id, new.idempotency_key or "", new.content_key or "")
    )
    places = {new.id: place for place, new in enumerate(in_order)}
    return [places[new.id] for new in news]


async def _accept_or_divide(
    database: Database,
    news: Sequence[NewJob],
    ceilings: Mapping[UUID, int],
    results: dict[UUID, Acceptance],
) -> None:
    """Add to the results what became of these jobs, which are sent by themselves if need be."""
    try:
        results |= await _accept_once(database, news, ceilings)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if len(news) == 1:
            results[news[0].id] = error
            return
        for new in news:
            await _accept_or_divide(database, [new], ceilings, results)


async def _accept_once(
    database: Database, news: Sequence[NewJob], ceilings: Mapping[UUID, int]
) -> Mapping[UUID, Acceptance]:
    statement, extra = _variant(news, ceilings)
    allowed = [ceilings.get(new.id) for new in news]
    try:
        rows = await database.fetch(statement, *_columns(news), allowed, *extra)
    except asyncpg.ForeignKeyViolationError:
        if len(news) > 1:
            raise
        # Its image was stored in vain: others took the room, or have inserted its key.
        return {news[0].id: None}
    asked = {new.id: new for new in news}
    return {row["asked_id"]: _accepted(asked[row["asked_id"]], row) for row in rows}


def _accepted(new: NewJob, row: Row) -> Acceptance:
    if row["id"] is None:
        return None
    if row["request_hash"] != new.request_hash:
        return IdempotencyKeyReused()
    return Accepted(
        id=row["id"],
        state=JobStatus(row["state"]),
        created_at=row["created_at"],
        # A repeated statement finds the row that it inserted before.
        replayed=row["id"] != new.id,
        band=row["band"],
        turn=row["turn"],
    )


def _variant(
    news: Sequence[NewJob], ceilings: Container[UUID]
) -> tuple[Statement, list[list[Any]]]:
    """Return the statement for these jobs, and the arguments that only it has."""
    if any(new.image is not None for new in news):
        # An image is not sent in vain.
        images = [new.image if new.id in ceilings else None for new in news]
        return accepting_sql.ACCEPT_IMAGES, [*_callbacks(news), images]
    if any(new.reference is not None for new in news):
        return accepting_sql.ACCEPT_REFERENCES, [*_callbacks(news), *_references(news)]
    if any(new.callback is not None for new in news):
        return accepting_sql.ACCEPT_CALLBACKS, _callbacks(news)
    return accepting_sql.ACCEPT, []


def _columns(news: Sequence[NewJob]) -> list[list[Any]]:
    return [
        [new.id for new in news],
        [new.tenant_id for new in news],
        [new.user_id for new in news],
        [new.request_id for new in news],
        [new.feature for new in news],
        [new.feature.queue for new in news],
        [new.priority for new in news],
        [new.payload for new in news],
        [new.idempotency_key for new in news],
        [new.content_key for new in news],
        [new.request_hash for new in news],
        [json.dumps(new.trace_carrier) for new in news],
        _places(news),
    ]


def _callbacks(news: Sequence[NewJob]) -> list[list[Any]]:
    """Return the columns of the callbacks. The events are a text, for arrays cannot be ragged."""
    asked = [new.callback for new in news]
    return [
        [callback and callback.url for callback in asked],
        [callback and callback.host for callback in asked],
        [callback and " ".join(dict.fromkeys(callback.events)) for callback in asked],
        [callback and callback.include_output for callback in asked],
    ]


def _references(news: Sequence[NewJob]) -> list[list[Any]]:
    """Return the columns of the images that are in an object store."""
    references = [new.reference for new in news]
    return [
        [reference and reference.url for reference in references],
        [reference and reference.size for reference in references],
    ]

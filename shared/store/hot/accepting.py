"""Accepts jobs: one statement finds those that exist already, and inserts the others."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import structlog

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.rejections import IdempotencyKeyReused
from shared.store.callbacks.asking import NewCallback
from shared.store.hot import accepting_sql
from shared.store.postgres.database import Database
from shared.store.postgres.direct import Row, Statement
from shared.telemetry.trace_context import Carrier

log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class NewJob:
    """A job to be inserted, unless there is one with its idempotency key or its content key.

    `payload` is the text of a JSON object. Two requests have the same `request_hash` if and only if
    they ask for the same work. Whoever chose the `id` may ask for it repeatedly. A job that is not
    `admitted` is not inserted.
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
    admitted: bool = True

    @property
    def place(self) -> tuple[str, str, str]:
        """Where the job stands in its statement.

        Two statements that insert the same keys do so in the same order, so that neither waits for
        the other while the other waits for it.
        """
        return self.tenant_id, self.idempotency_key or "", self.content_key or ""


@dataclass(frozen=True)
class Accepted:
    """The job of a NewJob. `replayed`: it existed before, so its state may be any."""

    id: UUID
    state: JobStatus
    created_at: datetime
    replayed: bool


# What became of a NewJob. None: it is not admitted, and there was no job for it.
Acceptance = Accepted | IdempotencyKeyReused | None


async def accept(database: Database, news: Sequence[NewJob]) -> list[Acceptance | Exception]:
    """Insert or find a job for each of `news`, and return them in the same order.

    All that one statement inserts is committed together. A job that Postgres refuses becomes the
    exception, and refuses none of the others. The callback of a job that was found is left to the
    caller. Raises DatabaseUnavailable and SchemaBehind.
    """
    results: dict[UUID, Acceptance | Exception] = {}
    waiting = {new.id: new for new in news}
    while waiting:
        results |= await _accept_or_refuse(database, sorted(waiting.values(), key=_place))
        # Neither found nor inserted: another transaction, or an earlier row of this statement,
        # inserted the same key meanwhile. Now it can be found.
        waiting = {new.id: new for new in news if new.id not in results}
    return [results[new.id] for new in news]


def _place(new: NewJob) -> tuple[str, str, str]:
    return new.place


async def _accept_or_refuse(
    database: Database, news: Sequence[NewJob]
) -> Mapping[UUID, Acceptance | Exception]:
    try:
        return await _accept_once(database, news)
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if len(news) == 1:
            return {news[0].id: error}
    # Whichever of them Postgres does not like, the others are accepted.
    results: dict[UUID, Acceptance | Exception] = {}
    for new in news:
        results |= await _accept_or_refuse(database, [new])
    return results


async def _accept_once(database: Database, news: Sequence[NewJob]) -> Mapping[UUID, Acceptance]:
    statement, extra = _variant(news)
    rows = await database.fetch(statement, *_columns(news), *extra)
    by_id = {row["asked_id"]: row for row in rows}
    results: dict[UUID, Acceptance] = {}
    for new in news:
        row = by_id.get(new.id)
        if row is not None:
            results[new.id] = _accepted(new, row)
        elif not new.admitted:
            results[new.id] = None
    return results


def _accepted(new: NewJob, row: Row) -> Acceptance:
    if row["request_hash"] != new.request_hash:
        return IdempotencyKeyReused()
    return Accepted(
        id=row["id"],
        state=JobStatus(row["state"]),
        created_at=row["created_at"],
        # A repeated statement finds the row that it inserted before.
        replayed=row["id"] != new.id,
    )


def _variant(news: Sequence[NewJob]) -> tuple[Statement, list[list[Any]]]:
    """Return the statement for these jobs, and the arguments that only it has."""
    if any(new.image is not None for new in news):
        images = [new.image for new in news]
        return accepting_sql.ACCEPT_IMAGES, [*_callbacks(news), images]
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
        [new.admitted for new in news],
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

"""Connects to Postgres and Redis, and finds out which dependency is missing.

The third dependency is the object store of images, where IMAGE_STORE names one.

Postgres counts as missing if its schema lacks a migration.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar, Unpack

import structlog

from shared.errors import DependencyMissing, ServiceError, Transient
from shared.process.patience import Patience
from shared.settings import Settings
from shared.store.images.keeping import Images
from shared.store.postgres.database import Database, PoolOptions
from shared.store.schema import check_usable
from shared.telemetry.tracing import Tracing
from shared.wire.messenger import Messenger

log = structlog.get_logger(__name__)

T = TypeVar("T")

# The last is there only if IMAGE_STORE names an object store.
DEPENDENCIES = ("database", "redis", "image_store")
# Seconds. At the start of a process nobody waits for an answer yet, so this may be long.
_START = 5.0


@asynccontextmanager
async def connected(
    settings: Settings,
    *,
    process: str,
    tracing: Tracing | None = None,
    **options: Unpack[PoolOptions],
) -> AsyncIterator[tuple[Database, Messenger]]:
    """Yield the clients of Postgres and Redis, and close them when the block ends.

    Each connects when it is first used. If `tracing` exports, every statement and every command
    makes a span. `process` and the options are those of `Database`.
    """
    async with AsyncExitStack() as stack:
        database = Database.from_settings(settings, process=process, **options)
        stack.push_async_callback(database.close)
        messenger = Messenger(settings)
        stack.push_async_callback(messenger.close)
        if tracing is not None and tracing.exporting:
            database.trace_with(tracing.provider)
            messenger.trace_with(tracing.provider)
        yield database, messenger


async def answer_within(question: Awaitable[T], within: float) -> T:
    """Return the result of `question`.

    Raises Transient if it takes more than `within` seconds, not counting time in which this process
    was held up, and whatever `question` raises. The question then ends by a limit of its own.
    """
    asking = asyncio.ensure_future(question)
    # Whoever gives up shall not have an error reported that nobody waits for.
    asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
    try:
        # If a statement were cancelled, its connection would be closed.
        async with Patience(within):
            return await asyncio.shield(asking)
    except TimeoutError as error:
        raise Transient(f"No answer within {within:g} s.") from error


async def ask_dependencies(
    database: Database, messenger: Messenger, images: Images, within: float
) -> dict[str, str | None]:
    """Return for each dependency a sentence that says why it is missing, or None if it is there.

    All are asked at once and have `within` seconds to answer.
    """
    questions = {"database": check_usable(database), "redis": messenger.ping()}
    if images.objects is not None:
        questions["image_store"] = images.objects.check()
    reasons = await asyncio.gather(*(_reason(question, within) for question in questions.values()))
    return dict(zip(questions, reasons, strict=True))


async def check_dependencies(
    database: Database, messenger: Messenger, images: Images, *, required: bool
) -> None:
    """Log which dependencies are there and which are missing, at the start of a process.

    Raises DependencyMissing, with a sentence for each that is missing, if they are `required`.
    """
    asked = await ask_dependencies(database, messenger, images, _START)
    missing = {name: why for name, why in asked.items() if why is not None}
    for name in asked:
        if name in missing:
            log.warning("dependency.missing", dependency=name, detail=missing[name])
        else:
            log.info("dependency.ok", dependency=name)
    if missing and required:
        raise DependencyMissing(" ".join(f"{name}: {why}" for name, why in missing.items()))


async def _reason(question: Awaitable[None], within: float) -> str | None:
    try:
        await answer_within(question, within)
    except ServiceError as error:
        return error.detail
    return None

"""Connects to whichever of several servers takes writes, also while another one hangs."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
from sqlalchemy import URL

from shared.store.postgres.settings.database_url import hosts_of
from shared.store.postgres.sqlstates import ERRORS_OF_DRIVER


async def connect(url: URL, **arguments: Any) -> asyncpg.Connection:
    """Connect to Postgres at `url`. The arguments are those of `asyncpg.connect`.

    If the URL names several hosts, all are tried at once, and the first that matches its
    `target_session_attrs` is used: the driver would try one after the other, and a machine that
    vanished without a word takes all the time that there is. If none can be used, raises what the
    driver raises for one of them, preferably for one that is away.
    """
    addresses = [_plain(each) for each in hosts_of(url)]
    if len(addresses) == 1:
        return await asyncpg.connect(addresses[0], **arguments)
    attempts = [
        asyncio.create_task(asyncpg.connect(address, **arguments), name="connect")
        for address in addresses
    ]
    chosen: asyncpg.Connection | None = None
    try:
        chosen = await _first(attempts)
        return chosen
    finally:
        await _give_up(attempts, chosen)


async def _first(attempts: Sequence["asyncio.Task[asyncpg.Connection]"]) -> asyncpg.Connection:
    """Return the first connection that was made. Raises an error of the last if there is none."""
    errors: list[Exception] = []
    for attempt in asyncio.as_completed(attempts):
        try:
            return await attempt
        except (OSError, *ERRORS_OF_DRIVER) as error:
            errors.append(error)
    raise next((error for error in errors if isinstance(error, OSError)), errors[-1])


async def _give_up(
    attempts: Sequence["asyncio.Task[asyncpg.Connection]"], chosen: asyncpg.Connection | None
) -> None:
    """End the attempts, and close what was connected and not chosen."""
    for attempt in attempts:
        attempt.cancel()
    for made in await asyncio.gather(*attempts, return_exceptions=True):
        if not isinstance(made, BaseException) and made is not chosen:
            made.terminate()


def _plain(url: URL) -> str:
    """Return the URL, with its password, as asyncpg takes it."""
    query = {**url.query}
    query.pop("prepared_statement_cache_size", None)
    if "ssl" in query:
        # In a URL it would be taken for a setting of the server.
        query["sslmode"] = query.pop("ssl")
    plain = url.set(drivername="postgresql", query=query)
    return plain.render_as_string(hide_password=False)

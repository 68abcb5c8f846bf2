"""Connections to a Redis whose place its Sentinels know.

Whoever connects asks the Sentinels first, so that after a failover the next connection leads to the
new primary.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from typing import Any
from weakref import WeakSet

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import ConnectionError, ReadOnlyError, RedisError, ResponseError

from shared.process.background import end_tasks
from shared.wire.redis_url import RedisServer

# The host and port of a server.
Address = tuple[str, int]
_QUESTION = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME")


class Sentinels:
    """Finds the primary of a service, for the connections of one pool."""

    def __init__(self, server: RedisServer, timeout: float) -> None:
        """Give each Sentinel `timeout` seconds to answer. This connects to nothing yet."""
        self._server = server
        self._timeout = timeout
        self._asking: asyncio.Task[Address] | None = None
        self._last: Address | None = None
        self._connected: WeakSet[Led] = WeakSet()

    async def primary(self) -> Address:
        """Return where the primary is, and close connections to any other server.

        Whoever asks at the same time shares the answer. While no Sentinel answers, the primary is
        where it was. Raises ConnectionError if that is not known, or if the service is not.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._find(), name="sentinels")
            # Nobody may be left to hear of an error, which is no reason for asyncio to log it.
            self._asking.add_done_callback(lambda asked: asked.cancelled() or asked.exception())
        primary = self._last = await asyncio.shield(self._asking)
        await self._leave_others(primary)
        return primary

    def connected(self, connection: "Led") -> None:
        """Remember a connection, to close it if the primary is elsewhere by then."""
        self._connected.add(connection)

    async def answers(self) -> Mapping[Address, Address | Exception | None]:
        """Return by Sentinel what it says: where the primary is, or None for an unknown service.

        The error of a Sentinel that does not answer is returned in place of its answer.
        """
        sentinels = self._server.sentinels
        return dict(zip(sentinels, await asyncio.gather(*map(self._ask, sentinels)), strict=True))

    async def _find(self) -> Address:
        """Return what most Sentinels say; one that was cut off may name the primary of before."""
        sentinels = self._server.sentinels
        asked = [asyncio.create_task(self._ask(sentinel)) for sentinel in sentinels]
        votes: Counter[Address] = Counter()
        errors: list[Exception] = []
        try:
            for done in asyncio.as_completed(asked):
                answer = await done
                if isinstance(answer, Exception):
                    errors.append(answer)
                elif answer is not None:
                    votes[answer] += 1
                    if 2 * votes[answer] > len(sentinels):
                        return answer
        finally:
            await end_tasks(asked)
        for primary, _ in votes.most_common(1):
            return primary
        if len(errors) < len(sentinels):
            raise ConnectionError(f"No Sentinel knows the service {self._server.service!r}.")
        # Only a failover needs the Sentinels.
        if self._last is not None:
            return self._last
        raise ConnectionError(f"No Sentinel answers: {errors[0]}")

    async def _ask(self, sentinel: Address) -> Address | Exception | None:
        host, port = sentinel
        limits = {"socket_timeout": self._timeout, "socket_connect_timeout": self._timeout}
        secure = issubclass(self._server.options.get("connection_class", Connection), SSLConnection)
        kind = SSLConnection if secure else Connection
        options = {**limits, **self._server.sentinel_options, "decode_responses": True}
        connection: Any = kind(host=host, port=port, **options)
        try:
            async with asyncio.timeout(self._timeout):
                await connection.connect()
                await connection.send_command(*_QUESTION, self._server.service)
                answer = await connection.read_response()
        except (RedisError, OSError) as error:
            return error
        finally:
            await connection.disconnect(nowait=True)
        return (answer[0], int(answer[1])) if answer else None

    async def _leave_others(self, primary: Address) -> None:
        """Close the connections that lead elsewhere: a machine that died closes none itself."""
        for connection in list(self._connected):
            if (connection.host, connection.port) != primary:
                self._connected.discard(connection)
                await connection.disconnect(nowait=True)


class Led(Connection):
    """A connection to the server that is the primary when it connects."""

    def __init__(self, *, sentinels: Sentinels, **options: Any) -> None:
        """Take the options of the kind of connection that this is."""
        super().__init__(**options)
        self._sentinels = sentinels

    async def _connect(self) -> None:
        self.host, self.port = await self._sentinels.primary()
        await super()._connect()  # type: ignore[no-untyped-call]
        self._sentinels.connected(self)

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Return an answer. Raises ConnectionError if the server is no longer the primary."""
        try:
            return await super().read_response(*arguments, **options)
        except ResponseError as error:
            # Before Redis 7, the error of a script is another one, and only quotes this.
            if not isinstance(error, ReadOnlyError) and "-READONLY" not in str(error):
                raise
            await self.disconnect(nowait=True)
            raise ConnectionError("The server is no longer the primary.") from error


class LedOverTls(Led, SSLConnection):
    """The same over TLS."""


def led(sentinels: Sentinels, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return what to add to the `options` of a pool so that Sentinels lead its connections."""
    secure = issubclass(options.get("connection_class", Connection), SSLConnection)
    return {"connection_class": LedOverTls if secure else Led, "sentinels": sentinels}

"""A pool of connections to Redis whose callers fail at once while Redis is away."""

import time
from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection, Connection
from redis.exceptions import ConnectionError, ResponseError, TimeoutError

from shared.process.guards.circuit import Circuit
from shared.process.guards.probes import Probes
from shared.process.guards.reports import report
from shared.process.patience import Patience

# Seconds that Redis has to accept a connection and answer, when somebody has waited in vain.
_DOUBT = 0.1


class GuardedPool(BlockingConnectionPool):
    """A pool behind a circuit, which opens when Redis hangs or refuses connections.

    This kind of pool connects outside its lock. With the other kind, callers would wait for each
    other's failures while Redis hangs: the hundredth one for a hundred times as long.
    """

    def __init__(
        self, *, connection_class: type[AbstractConnection] = Connection, **options: Any
    ) -> None:
        """Take the options of the kind of pool that this is."""
        watched = type("Watched", (_Watched, connection_class), {})
        super().__init__(connection_class=watched, **options)
        self._circuit = Circuit()
        self._circuit.when_changed(report("redis"))
        self._probes = Probes(self._circuit, self._answers, first=_DOUBT)

    def make_connection(self) -> AbstractConnection:
        """Return a new connection, which reports to the circuit."""
        connection: _Watched = super().make_connection()  # type: ignore[no-untyped-call]
        connection.circuit = self._circuit
        return connection

    async def get_connection(self, *arguments: Any, **options: Any) -> AbstractConnection:
        """Return a connection that is connected. Raises ConnectionError at once if Redis is away,
        and the errors of connecting."""
        if self._circuit.is_open:
            raise ConnectionError("Redis did not answer a moment ago.")
        begun = time.monotonic()
        try:
            connection: AbstractConnection = await super().get_connection(*arguments, **options)
        except (ConnectionError, TimeoutError):
            self._circuit.failed(begun)
            raise
        return connection

    async def disconnect(self, inuse_connections: bool = True) -> None:
        """Close every connection, or those that nobody uses."""
        await self._probes.close()
        await super().disconnect(inuse_connections)

    async def _answers(self, within: float) -> bool:
        """Close the connections that nobody uses, since the server that they lead to may be gone,
        and return whether Redis answers on a new one within some seconds, with an error or not."""
        for unused in self._available_connections:
            # It is not waited for: over TLS that takes an answer.
            await unused.disconnect(nowait=True)
        connection: Any = self.make_connection()
        try:
            async with Patience(within):
                await connection.connect()
                await connection.send_command("PING")
                await connection.read_response()
        except (ConnectionError, OSError, TimeoutError):
            return False
        except ResponseError:
            return True
        finally:
            await connection.disconnect(nowait=True)
        return True


class _Watched(AbstractConnection):
    """A connection that reports answers, and vain waits for one, to a circuit."""

    circuit: Circuit

    async def send_packed_command(self, *arguments: Any, **options: Any) -> None:
        """Send, as the kind of connection that this is does."""
        begun = time.monotonic()
        try:
            await super().send_packed_command(*arguments, **options)
        except TimeoutError:
            self.circuit.failed(begun)
            raise

    async def read_response(self, *arguments: Any, **options: Any) -> Any:
        """Return an answer, as the kind of connection that this is does."""
        begun = time.monotonic()
        try:
            response = await super().read_response(*arguments, **options)
        except TimeoutError:
            self.circuit.failed(begun)
            raise
        except ResponseError:
            self.circuit.answered()
            raise
        # A subscription that waits with a limit of its own gets None for silence.
        if response is not None:
            self.circuit.answered()
        return response

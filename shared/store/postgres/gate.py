"""The way to the connections: callers in their order, and nobody while Postgres is away."""

from types import TracebackType

from shared.errors import Busy, DatabaseUnavailable
from shared.process.guards.circuit import Circuit, State
from shared.process.guards.line import Line
from shared.process.guards.reports import report

# For each connection, so many callers may wait for one.
_WAITING = 50
# They may wait for so many times the seconds that Postgres has for an answer.
_PATIENCES = 4


class Answers:
    """Whether Postgres answers this process: it may be away, or answer others meanwhile."""

    def __init__(self) -> None:
        self.circuit = Circuit()
        self.circuit.when_changed(report("database"))

    def note(self) -> None:
        """Take note that Postgres answers now."""
        self.circuit.answered()

    def too_late(self, asked_at: float | None) -> DatabaseUnavailable:
        """Return the error of a vain wait for the answer to what was asked at `asked_at`.

        It is Busy if Postgres answered anybody meanwhile, and if it was asked for nothing, which is
        what None means. Otherwise Postgres counts as away.
        """
        if asked_at is None or not self.circuit.failed(asked_at):
            return Busy()
        return DatabaseUnavailable()

    def pooler_full(self, asked_at: float) -> DatabaseUnavailable:
        """Return the same for a pooler that answers for Postgres, which is not known to be away."""
        return Busy() if self.circuit.answered_since(asked_at) else DatabaseUnavailable()


class Gate:
    """What a caller passes on the way to a pool: the circuit, and a line before the connections.

    A connection is taken with `async with gate:` and given back at the end of the block. Raises
    DatabaseUnavailable at once while Postgres is away, and Busy if too many callers wait, or this
    one has waited for too long.
    """

    def __init__(self, answers: Answers, connections: int, patience: float | None) -> None:
        """Let as many through as the pool has connections, in their order.

        The time for which they wait here is not counted as that of Postgres.
        """
        self._circuit = answers.circuit
        longest = None if patience is None else patience * _PATIENCES
        self._line = Line(connections, most=connections * _WAITING, longest=longest)
        self._circuit.when_changed(self._dismiss)

    async def __aenter__(self) -> None:
        """Wait for a connection to become free."""
        if self._circuit.is_open:
            raise DatabaseUnavailable
        await self._line.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the next caller have the connection."""
        await self._line.__aexit__(kind, error, traceback)

    def _dismiss(self, state: State) -> None:
        if state is State.OPEN:
            self._line.dismiss(DatabaseUnavailable)

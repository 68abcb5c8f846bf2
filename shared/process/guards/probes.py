"""Probes a dependency whose circuit is not closed, so that no caller has to find out what it does.

If callers did, many of them would share the fate of one, since statements are for many.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextvars import Context

import structlog

from shared.process.background import end_tasks
from shared.process.guards.circuit import Circuit, State

log = structlog.get_logger(__name__)

# Seconds: how long a probe may take while the circuit is open, and the pause after each.
_LONGEST, _PAUSE = 1.5, 0.5


class Probes:
    """The probes of one circuit: one at a time, the first of them as soon as there is a doubt."""

    def __init__(
        self, circuit: Circuit, answers: Callable[[float], Awaitable[bool]], *, first: float
    ) -> None:
        """Probe with `answers`, which returns whether there was an answer within some seconds.

        The circuit opens if the first probe has no answer within `first` seconds.
        """
        self._circuit = circuit
        self._answers = answers
        self._first = first
        self._probing: asyncio.Task[None] | None = None
        circuit.when_changed(self._changed)

    async def close(self) -> None:
        """End the probe that is under way."""
        if self._probing is not None:
            await end_tasks([self._probing])

    def _changed(self, state: State) -> None:
        if state is State.DOUBTED and (self._probing is None or self._probing.done()):
            # It is for every caller, and so belongs to the trace of none.
            self._probing = asyncio.create_task(self._probe(), name="probes", context=Context())

    async def _probe(self) -> None:
        while self._circuit.state is not State.CLOSED:
            first = self._circuit.state is State.DOUBTED
            begun = time.monotonic()
            if await self._answered(self._first if first else _LONGEST):
                self._circuit.answered()
            elif first:
                self._circuit.confirmed(begun)
            else:
                await asyncio.sleep(_PAUSE)

    async def _answered(self, within: float) -> bool:
        """Return whether there was an answer. An error that nobody foresaw counts as none.

        Without probes the circuit would never close again.
        """
        try:
            return await self._answers(within)
        except Exception:
            log.exception("probe.failed")
            return False

"""Remembers whether Postgres took the last write of this process."""

from collections.abc import Callable

from shared.store.postgres.sqlstates import is_of_standby, refuses_writes


class Writes:
    """What the writes of this process have met. Reads may go on while none is taken.

    When a server says that it takes no writes, another one may have taken its place, so the
    connections that are open must not be used any more: see `when_read_only`.
    """

    def __init__(self) -> None:
        self.refused = False
        self._acts: list[Callable[[], None]] = []

    def when_read_only(self, act: Callable[[], None]) -> None:
        """Call `act` whenever a server takes no writes."""
        self._acts.append(act)

    def note_taken(self) -> None:
        """Take note that Postgres has taken a write of the kind that it refuses first."""
        self.refused = False

    def note_error(self, error: BaseException | None) -> None:
        """Take note of what the driver raised for a write; most errors say nothing of others.

        A server whose disk is full is still the right one, and may not even take a new connection.
        """
        if is_of_standby(error):
            self.note_read_only()
        elif refuses_writes(error):
            self.refused = True

    def note_read_only(self) -> None:
        """Take note that a server takes no writes, as it says itself."""
        self.refused = True
        for act in self._acts:
            act()

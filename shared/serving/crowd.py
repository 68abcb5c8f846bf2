"""Decides who goes when there are more connections than there may be."""

import time
from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

# Seconds between two log lines about it.
_LOG_INTERVAL = 10.0
# Bytes per second of a body that nobody has to wait for.
_FAST = 1_000_000


class Phase(StrEnum):
    """What a connection is doing. `rest`: an answer was given before the body was complete."""

    HEAD = "head"
    BODY = "body"
    ANSWER = "answer"
    REST = "rest"
    IDLE = "idle"


# Who goes first, and of several whoever is at it for the longest. Whoever is answered stays.
_ORDER: Mapping[Phase, int] = MappingProxyType(
    {Phase.REST: 0, Phase.HEAD: 1, Phase.BODY: 1, Phase.IDLE: 2}
)


class Connection(Protocol):
    """A connection, as this module sees it.

    `since` is when its phase began, in monotonic time, and `came` how many bytes came since then.
    """

    phase: Phase
    since: float
    came: int

    def abort(self) -> None:
        """Close the connection without another word."""

    @property
    def closing(self) -> bool:
        """Whether the connection is being closed already."""


class Crowd:
    """The connections of one server."""

    def __init__(self, most: int) -> None:
        """There may be `most` connections at once."""
        self._most = most
        self._logged = -_LOG_INTERVAL

    def has_room(self, connections: Collection[Connection], newcomer: Connection) -> bool:
        """Return whether there is room for a newcomer, who is one of the connections.

        If there is none, whoever has kept the server waiting for the longest goes: with half a
        header or a slow body, or else an idle connection.
        """
        if len(connections) <= self._most:
            return True
        now = time.monotonic()
        others = [each for each in connections if each is not newcomer and _may_go(each, now)]
        if not others:
            self._log("connections.refused", len(connections))
            return False
        longest = min(others, key=lambda each: (_ORDER[each.phase], each.since))
        self._log("connections.closed", len(connections), phase=longest.phase)
        longest.abort()
        return True

    def _log(self, event: str, connections: int, **fields: str) -> None:
        """Write a line, but not for each connection of an attack."""
        now = time.monotonic()
        if now - self._logged >= _LOG_INTERVAL:
            self._logged = now
            log.warning(event, connections=connections, limit=self._most, **fields)


def _may_go(each: Connection, now: float) -> bool:
    if each.closing or each.phase is Phase.ANSWER:
        return False
    return each.phase is not Phase.BODY or each.came < _FAST * (now - each.since)

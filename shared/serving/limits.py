"""The limits of HTTP connections."""

import resource
from dataclasses import dataclass

# Descriptors that a process needs beside its HTTP connections: pools, ports, files, what is new.
_RESERVED = 80
# Where the system sets no limit, or one that is too low for both.
_MOST, _FEWEST = 10_000, 16


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """How many connections there may be at once, and what each has time for, in seconds.

    `head`: until the headers of a request are complete, from its first byte or the beginning of the
    connection. `body`: for each megabyte of a body, or what is left of it. `answer`: until somebody
    who receives an answer takes more of it.
    """

    connections: int
    head: float = 10
    body: float = 30
    answer: float = 30


def connections_at_most(chosen: int | None = None) -> int:
    """Return how many connections a process may have: as chosen, or by its limit of descriptors."""
    if chosen is not None:
        return chosen
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    descriptors = _MOST if soft == resource.RLIM_INFINITY else soft
    return max(_FEWEST, min(_MOST, descriptors - _RESERVED))

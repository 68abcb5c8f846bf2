"""Describes errors for logs and traces without showing what somebody sent.

The text of an exception may quote anything: a driver quotes the row that it could not write, a
validator the value that it refused. So only those texts are shown that cannot, and of all other
exceptions the class and the place in the code.
"""

import re
import traceback
from collections.abc import Iterator, Sequence
from types import TracebackType

from shared.errors import ServiceError
from shared.errors_elsewhere import ErrorElsewhere

# What processes, servers and networks say of themselves.
_SAFE = (ServiceError, ErrorElsewhere, OSError, ImportError)
# By the module of their class, since not every process loads it. Redis holds no payload.
_SAFE_MODULES = ("redis.exceptions",)
# Classes of SQLSTATE whose texts are about the server, a connection, a lock or our own SQL.
_SAFE_SQLSTATES = ("08", "25", "28", "3D", "40", "42", "53", "55", "57", "58")
# The packages of our code.
_OURS = ("api.", "shared.", "worker.")
# What asyncpg adds to the message of the server. The detail may quote a row.
_DETAIL = re.compile(r"\n(DETAIL|HINT): .*", re.DOTALL)
# The first traceback in the text from another process: what follows it may be the text of an error.
_TRACEBACK = re.compile(r'\A\s*(?:"""\n)?Traceback \(most recent call last\):\n((?:  .*\n)+)')
# A line of a traceback that says where something happened.
_FRAME = re.compile(r'^  File ".+", line \d+, in .+$', re.MULTILINE)

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def describe(error: BaseException | None) -> str:
    """Return what may be shown of an error: its class, and its text if that cannot quote data."""
    if error is None:
        return "none"
    name = type(error).__qualname__
    sqlstate = getattr(error, "sqlstate", None)
    if isinstance(sqlstate, str):
        text = _DETAIL.sub("", str(error)) if sqlstate.startswith(_SAFE_SQLSTATES) else ""
        return f"{name} ({sqlstate}){text and ': ' + text}"
    safe = isinstance(error, _SAFE) or type(error).__module__ in _SAFE_MODULES
    return f"{name}: {error}" if safe and str(error) else name


def place_of(error: BaseException) -> str | None:
    """Return the module and function of ours in which an error happened, or None if it was none.

    It is the innermost one of the traceback, such as `worker.pipeline.receipt:read`.
    """
    found = None
    for frame, _ in traceback.walk_tb(error.__traceback__):
        module = str(frame.f_globals.get("__name__"))
        if module.startswith(_OURS):
            found = f"{module}:{frame.f_code.co_name}"
    return found


def describe_with_traceback(exc_info: ExcInfo) -> str:
    """Return the traceback of an error and of those that led to it, each as `describe` shows it."""
    return "\n".join(_parts(exc_info[1], set()))


def _parts(error: BaseException, seen: set[int]) -> Iterator[str]:
    seen.add(id(error))
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and id(earlier) not in seen:
        yield from _parts(earlier, seen)
        yield "\nwhich led to:\n"
    yield "Traceback (most recent call last):"
    yield from (frame.rstrip() for frame in traceback.format_tb(error.__traceback__))
    # The cause of what a child process raised has the traceback there as its text.
    yield from _frames_elsewhere(error) if type(error).__name__.endswith("RemoteTraceback") else ()
    yield describe(error)
    if isinstance(error, BaseExceptionGroup):
        for number, member in enumerate(error.exceptions, 1):
            if id(member) not in seen:
                yield f"\nmember {number}:\n"
                yield from _parts(member, seen)


def _frames_elsewhere(error: BaseException) -> Sequence[str]:
    found = _TRACEBACK.match(str(error))
    return _FRAME.findall(found[1]) if found else ()

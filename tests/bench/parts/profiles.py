"""What the CPU time of a process was spent on, by kind of code."""

import pstats
from pathlib import Path

from shared.local.checkout import ROOT

_LOOP = "event loop and sockets"
# The first kind of which a word is in the path of the code has it.
_KINDS = {
    "Postgres": ("asyncpg", "sqlalchemy", "shared/store"),
    "Redis": ("redis", "hiredis", "shared/wire", "arq/"),
    "HTTP": ("uvicorn", "httptools", "h11", "starlette", "fastapi", "anyio", "sse_starlette"),
    "JSON and contracts": ("pydantic", "orjson", "json/", "shared/contracts"),
    "telemetry and logs": ("opentelemetry", "prometheus_client", "structlog", "logging/"),
    _LOOP: ("asyncio", "uvloop", "selectors.py"),
}
_OURS = "our own code"
_OTHERS = "standard library and others"
# Functions that are not written in Python have this in place of a path.
_BUILT_IN = "~"

Function = tuple[str, int, str]


def shares(file: Path) -> dict[str, float]:
    """Return the share of each kind in the CPU time of a profile, in percent.

    What a function that is not written in Python takes counts for whoever called it.
    """
    # The types of `pstats` leave out what a profile consists of.
    stats: dict[Function, tuple[int, int, float, float, dict[Function, tuple[float, ...]]]]
    stats = pstats.Stats(str(file)).stats  # type: ignore[attr-defined]
    spent: dict[str, float] = dict.fromkeys((*_KINDS, _OURS, _OTHERS), 0.0)
    for (path, _, name), (_, _, own, _, callers) in stats.items():
        if path != _BUILT_IN:
            spent[_kind(path)] += own
        elif "run_until_complete" in name or "Runner.run" in name:
            spent[_LOOP] += own
        else:
            for caller, times in callers.items():
                spent[_kind(caller[0])] += times[2]
    whole = sum(spent.values()) or 1.0
    return {kind: seconds / whole * 100 for kind, seconds in spent.items()}


def _kind(path: str) -> str:
    inside = path.removeprefix(f"{ROOT}/")
    for kind, words in _KINDS.items():
        if any(word in inside for word in words):
            return kind
    return _OURS if inside != path and not inside.startswith(".venv") else _OTHERS

"""How pages write times, durations and numbers. Each function is a filter of the templates."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from markupsafe import Markup

_STEPS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def duration(seconds: float | None) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min` or `340 ms`."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 10:
        return f"{seconds:.1f} s"
    for (size, unit), (smaller, small_unit) in pairwise(_STEPS):
        if seconds >= size:
            rest = int(seconds % size // smaller)
            return f"{int(seconds // size)} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{seconds:.0f} s"


def ago(at: datetime | None) -> Markup:
    """Return a time relative to now, in an element that shows the exact time on hover."""
    if at is None:
        return Markup("–")
    seconds = (datetime.now(UTC) - at).total_seconds()
    text = f"in {duration(-seconds)}" if seconds < -1 else f"{_rounded(seconds)} ago"
    exact = at.astimezone(UTC)
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        exact.isoformat(), exact.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), text
    )


def _rounded(seconds: float) -> str:
    for size, unit in _STEPS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "0 s"


def count(number: int | None) -> str:
    """Return a number with a separator of thousands."""
    return "–" if number is None else f"{number:,}".replace(",", "\u202f")


def as_json(value: object) -> str:
    """Return a value as indented JSON."""
    return json.dumps(value, indent=2, ensure_ascii=False)


FILTERS: dict[str, Callable[..., Any]] = {
    "ago": ago,
    "as_json": as_json,
    "count": count,
    "duration": duration,
}

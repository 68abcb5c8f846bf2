"""Lines of a figure over time, small enough to stand in a table."""

from collections.abc import Sequence
from dataclasses import dataclass

# The size of a picture, in the units of its viewBox, and the room for the width of the line.
WIDTH, HEIGHT = 120, 28
_MARGIN = 1.5


@dataclass(frozen=True)
class Sparkline:
    """A line as the data of an SVG path, with the area below it, and what it shows in words.

    `path` and `area` are empty if there are no points. `top` is the highest value.
    """

    path: str
    area: str
    top: float
    last: float


def sparkline(
    points: Sequence[tuple[float, float]], seconds: float, gap: float, *, least: float = 1
) -> Sparkline:
    """Return the line through points of an age in seconds and a value, oldest first.

    The picture covers the last `seconds`. The line is broken where two points are more than `gap`
    seconds apart. Its full height stands for the highest value, or for `least` if that is more.
    """
    top = max((value for _, value in points), default=0)
    full = max(top, least)
    parts: list[list[tuple[float, float]]] = []
    before = float("inf")
    for age, value in points:
        if before - age > gap:
            parts.append([])
        before = age
        parts[-1].append(_place(age / seconds, value / full))
    return Sparkline(
        path=" ".join(_line(part) for part in parts),
        area=" ".join(
            f"{_line(part)} L{part[-1][0]} {HEIGHT} L{part[0][0]} {HEIGHT} Z" for part in parts
        ),
        top=top,
        last=points[-1][1] if points else 0,
    )


def _place(age: float, value: float) -> tuple[float, float]:
    x = WIDTH * (1 - min(max(age, 0), 1))
    y = HEIGHT - _MARGIN - (HEIGHT - 2 * _MARGIN) * value
    return round(x, 1), round(y, 1)


def _line(part: Sequence[tuple[float, float]]) -> str:
    # A single point is shown as a short line.
    places = part if len(part) > 1 else [part[0], (part[0][0] + 0.5, part[0][1])]
    return "M" + " L".join(f"{x} {y}" for x, y in places)

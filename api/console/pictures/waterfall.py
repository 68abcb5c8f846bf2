"""The geometry of a waterfall: a row for each bar, on one axis of time."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 1000
# Where the bars begin, to the right of their labels, and where they end.
_LEFT, _RIGHT = 240, 920
_ROW, _TOP, _THIN = 22, 26, 2.0
_TICKS = 4


@dataclass(frozen=True)
class Bar:
    """What one row shows. `start` and `end` are in seconds."""

    kind: str
    label: str
    start: float
    end: float


@dataclass(frozen=True)
class Row:
    """A bar that has its place, in units of the picture. `text_y` is the line of its texts."""

    bar: Bar
    x: float
    y: float
    width: float
    text_y: float

    @property
    def seconds(self) -> float:
        """How long the bar is."""
        return self.bar.end - self.bar.start


@dataclass(frozen=True)
class Tick:
    """A mark on the axis, so many seconds after its start."""

    x: float
    seconds: float


@dataclass(frozen=True)
class Waterfall:
    """The picture: `width` × `height` units, its rows, and the marks of its axis."""

    width: int
    height: int
    rows: Sequence[Row]
    ticks: Sequence[Tick]


def waterfall(bars: Sequence[Bar]) -> Waterfall:
    """Return the picture of the bars, whose axis begins at 0 and ends with the last of them."""
    longest = max((bar.end for bar in bars), default=0.0) or 1.0
    scale = (_RIGHT - _LEFT) / longest
    rows = [
        Row(
            bar,
            x=round(_LEFT + bar.start * scale, 1),
            y=_TOP + number * _ROW,
            width=round(max(_THIN, (bar.end - bar.start) * scale), 1),
            text_y=_TOP + number * _ROW + 13,
        )
        for number, bar in enumerate(bars)
    ]
    marks = [longest * number / _TICKS for number in range(_TICKS + 1)]
    ticks = [Tick(round(_LEFT + mark * scale, 1), mark) for mark in marks]
    return Waterfall(WIDTH, _TOP + len(bars) * _ROW + 6, rows, ticks)

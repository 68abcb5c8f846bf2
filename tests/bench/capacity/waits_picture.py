"""The picture of how long it takes until a receipt is read, by load and number of cores."""

import math

from tests.bench.capacity.costs import Costs
from tests.bench.capacity.drawing import COLOURS, Drawing
from tests.bench.capacity.simulation import simulate
from tests.bench.capacity.sizes import CORES, queueing
from tests.bench.figures import percentile

_WIDTH, _HEIGHT = 800, 440
_LEFT, _RIGHT, _TOP, _BOTTOM = 80, 140, 50, 60
_SLOTS = (CORES, 8, 24, 40)
# Points a decade, from 100 to 100,000 receipts an hour.
_POINTS, _DECADES = 5, 3
_LOADS = [100 * 10 ** (place / _POINTS) for place in range(_DECADES * _POINTS + 1)]
# Seconds.
_LEAST, _MOST = 1, 1000
_SIMULATED = 10_000
# From this share on, the line ends: more is refused than anybody would bear.
_REFUSED = 0.02


def waits_picture(costs: Costs) -> str:
    """Return the SVG."""
    drawing = Drawing(
        "Within how many seconds 95 % of the receipts are read, by receipts an hour",
        _WIDTH,
        _HEIGHT,
    )
    drawing.text(10, 24, drawing.title, bold=True)
    _draw_axes(drawing)
    for colour, slots in zip(COLOURS, _SLOTS, strict=False):
        points = []
        for per_hour in _LOADS:
            course = simulate(queueing(costs, per_hour, slots), _SIMULATED)
            points.append((_x(per_hour), _y(percentile(course.times, 95))))
            if course.refused > _REFUSED:
                break
        drawing.line(points, colour)
        x, y = points[-1]
        drawing.text(x + 6, y + 4, f"{slots} cores")
    return drawing.svg()


def _draw_axes(drawing: Drawing) -> None:
    for decade in range(2, 6):
        x = _x(10**decade)
        drawing.line([(x, _TOP), (x, _HEIGHT - _BOTTOM)], "#dddddd", 1)
        drawing.text(x, _HEIGHT - _BOTTOM + 20, f"{10**decade:,}", anchor="middle")
    for decade in range(4):
        y = _y(10**decade)
        drawing.line([(_LEFT, y), (_WIDTH - _RIGHT, y)], "#dddddd", 1)
        drawing.text(_LEFT - 8, y + 4, f"{10**decade:,g} s", anchor="end")
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    drawing.text(middle, _HEIGHT - 16, "receipts an hour", anchor="middle")


def _x(per_hour: float) -> float:
    return _LEFT + (math.log10(per_hour) - 2) / _DECADES * (_WIDTH - _LEFT - _RIGHT)


def _y(seconds: float) -> float:
    shown = min(max(seconds, _LEAST), _MOST)
    share = math.log(shown / _LEAST) / math.log(_MOST / _LEAST)
    return _HEIGHT - _BOTTOM - share * (_HEIGHT - _BOTTOM - _TOP)

"""What a measurement finds: figures, each with its spread, its anchor and its goal."""

from collections.abc import Sequence
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class NotMeasured(Exception):
    """A measurement lacks what it needs, or a part of it failed. The text says what."""


class Figure(BaseModel):
    """One figure of a measurement, with a value for each round.

    `comparable`: another machine would find about the same, as with ratios and counts. `anchor`
    says what the figure was measured against in the same run. `goal` is the least or the greatest
    value that is good enough.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    values: list[float] = Field(min_length=1)
    unit: str = ""
    better: Literal["higher", "lower"]
    comparable: bool = False
    anchor: str = ""
    goal: float | None = None

    @property
    def median(self) -> float:
        """The median over the rounds."""
        return median(self.values)

    @property
    def reached(self) -> bool | None:
        """Whether the median reaches the goal; None without a goal."""
        if self.goal is None:
            return None
        return self.median >= self.goal if self.better == "higher" else self.median <= self.goal

    @property
    def noise(self) -> float:
        """Half of the spread, as a fraction of the median; 0 if the median is 0."""
        if self.median == 0:
            return 0.0
        return (max(self.values) - min(self.values)) / 2 / abs(self.median)

    @classmethod
    def ratio(
        cls,
        name: str,
        ours: Sequence[float],
        anchors: Sequence[float],
        *,
        anchor: str,
        goal: float | None = None,
        better: Literal["higher", "lower"] = "higher",
    ) -> "Figure":
        """Return our values divided by those of the anchor in the same round."""
        return cls(
            name=name,
            values=[round(x / y, 4) for x, y in zip(ours, anchors, strict=True)],
            better=better,
            comparable=True,
            anchor=f"{anchor}: {readable(median(anchors))}",
            goal=goal,
        )


def rate(name: str, values: Sequence[float], unit: str = "jobs/s", *, anchor: str = "") -> Figure:
    """Return how many of something there were in a second: the more, the better."""
    rounded = [round(value, 1) for value in values]
    return Figure(name=name, values=rounded, unit=unit, better="higher", anchor=anchor)


def milliseconds(name: str, values: Sequence[float], goal: float | None = None) -> Figure:
    """Return how long something took: the less, the better."""
    rounded = [round(value, 2) for value in values]
    return Figure(name=name, values=rounded, unit="ms", better="lower", goal=goal)


def number(name: str, values: Sequence[float], unit: str = "", goal: float | None = None) -> Figure:
    """Return how much of something was needed, on any machine: the less, the better."""
    rounded = [round(value, 3) for value in values]
    return Figure(name=name, values=rounded, unit=unit, better="lower", comparable=True, goal=goal)


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value below which `percent` of the values lie, interpolated between neighbours."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * percent / 100
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def readable(value: float) -> str:
    """Return a value with about three significant digits, as people write it."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"

"""Bars of a small picture: one for each number of a series."""

from collections.abc import Sequence
from dataclasses import dataclass

# In units of the picture.
_STEP, _WIDTH, HEIGHT = 4, 3, 20


@dataclass(frozen=True)
class Bar:
    """A bar: its left and upper edge, its size, and the number that it stands for."""

    x: int
    y: float
    width: int
    height: float
    number: int


def bars(numbers: Sequence[int]) -> list[Bar]:
    """Return the bars of numbers that are not zero; the highest is as high as the picture."""
    most = max(numbers, default=0)
    return [
        Bar(index * _STEP, HEIGHT - height, _WIDTH, height, number)
        for index, number in enumerate(numbers)
        if number and (height := max(1.0, round(HEIGHT * number / most, 1)))
    ]


def width_of(numbers: Sequence[int]) -> int:
    """Return the width of the picture."""
    return len(numbers) * _STEP

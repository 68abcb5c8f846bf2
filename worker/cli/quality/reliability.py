"""Reliability: how many of the values read with a given confidence are right."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.cli.quality.scoring import Score

# Lower ends of the bins. Callers act on values of the last one without asking.
_BINS = (0.0, 0.5, 0.7, 0.8, 0.9)
FIELDS = ("merchant", "date", "total", "currency", "items")


@dataclass(frozen=True)
class Share:
    """The number of values that are right, and the number of all values."""

    right: int
    reported: int

    @property
    def value(self) -> float | None:
        """The share that is right, from 0 to 1; None if nothing was reported."""
        return self.right / self.reported if self.reported else None

    def __str__(self) -> str:
        """Return the share as shown in tables, such as 14/15; empty if nothing was reported."""
        return f"{self.right}/{self.reported}" if self.reported else ""


@dataclass(frozen=True)
class Bin:
    """Values with a confidence from `low` to below `high`; the last bin includes 1."""

    low: float
    high: float
    by_field: dict[str, Share]

    @property
    def name(self) -> str:
        """The range of confidence, as shown in tables."""
        return f"{self.low:.1f} to {self.high:.1f}"

    @property
    def overall(self) -> Share:
        """The share of all fields together."""
        shares = self.by_field.values()
        return Share(sum(share.right for share in shares), sum(share.reported for share in shares))


def reliability(scores: Iterable[Score]) -> Sequence[Bin]:
    """Return the bins, most confident first. Fields that were not read are left out."""
    reported = [field for score in scores for field in _reported(score)]
    ends = [*_BINS[1:], 1.0]
    return [
        Bin(low, high, {field: _share(reported, field, low, high) for field in FIELDS})
        for low, high in reversed(list(zip(_BINS, ends, strict=True)))
    ]


def _reported(score: Score) -> Iterable[tuple[str, float, bool]]:
    for verdict in score.verdicts:
        if verdict.read is not None:
            yield verdict.field, verdict.confidence, verdict.right
    for item in score.items or ():
        if item.read and not item.ignored:
            yield "items", item.read.confidence, item.expected is not None


def _share(
    reported: Sequence[tuple[str, float, bool]], field: str, low: float, high: float
) -> Share:
    inside = [
        right
        for name, confidence, right in reported
        if name == field and low <= confidence and (confidence < high or high >= 1)
    ]
    return Share(sum(inside), len(inside))

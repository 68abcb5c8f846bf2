"""Whether a confidence of 0.9 means right nine times in ten."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from worker.cli.quality.scoring import Score

# Lower ends; callers act on the last one.
_BINS = (0.0, 0.5, 0.7, 0.8, 0.9)
FIELDS = ("merchant", "date", "total", "currency", "items")


@dataclass(frozen=True)
class Share:
    """How many of those reported were right."""

    right: int
    reported: int

    @property
    def value(self) -> float | None:
        """The share that was right, from 0 to 1; None where nothing was reported."""
        return self.right / self.reported if self.reported else None

    def __str__(self) -> str:
        """For people."""
        return f"{self.right}/{self.reported}" if self.reported else ""


@dataclass(frozen=True)
class Bin:
    """Fields reported with a confidence from `low` to below `high`."""

    low: float
    high: float
    by_field: dict[str, Share]

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.low:.1f} to {self.high:.1f}"

    @property
    def overall(self) -> Share:
        """All fields together."""
        shares = self.by_field.values()
        return Share(sum(share.right for share in shares), sum(share.reported for share in shares))


def reliability(scores: Iterable[Score]) -> Sequence[Bin]:
    """From the most confident down. What was not read is not reported, so it is left out."""
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

"""The report on a set of files: accuracy, reliability, cost and mistakes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, median
from typing import Any

from worker.cli.extraction.files import FileReading
from worker.cli.quality.reliability import FIELDS, Bin, Share, reliability
from worker.cli.quality.scoring import Score, score
from worker.cli.quality.truth import Truth
from worker.pipeline.observation import Evidence


@dataclass(frozen=True)
class ReportedFile:
    """What was read from a file; `score` is None if there is no ground truth."""

    reading: FileReading
    score: Score | None

    @property
    def mistakes(self) -> Sequence[str]:
        """What is wrong, one sentence each. The error of a file that was not read comes first."""
        error = self.reading.error
        failure = [f"{error.code}: {error.detail}"] if error else []
        return [*failure, *(self.score.mistakes if self.score else ())]


@dataclass(frozen=True)
class Cost:
    """One kind of cost, over all files that a recognition child read."""

    median: float
    mean: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Cost":
        """Summarise values; all figures are 0 if there are none."""
        values = values or [0.0]
        return cls(median(values), fmean(values), max(values))


@dataclass(frozen=True)
class QualityReport:
    """What was read and what is true. The files with the most mistakes come first."""

    engine: str
    files: Sequence[ReportedFile]

    @classmethod
    def of(
        cls, engine: str, readings: Sequence[tuple[FileReading, Truth | None]]
    ) -> "QualityReport":
        """Compare each reading with its ground truth, if there is any."""
        files = [
            ReportedFile(reading, score(truth, _extraction(reading)) if truth else None)
            for reading, truth in readings
        ]
        return cls(engine, sorted(files, key=lambda file: -len(file.mistakes)))

    @cached_property
    def scores(self) -> Sequence[Score]:
        """The scores of the files that have ground truth."""
        return [file.score for file in self.files if file.score]

    @cached_property
    def accuracy(self) -> dict[str, Share]:
        """The share of receipts that are right, by field, among those whose truth has the field."""
        verdicts = [verdict for score in self.scores for verdict in score.verdicts]
        return {
            field: Share(
                sum(verdict.right for verdict in verdicts if verdict.field == field),
                sum(verdict.field == field for verdict in verdicts),
            )
            for field in FIELDS[:-1]
        }

    @property
    def precision(self) -> Share:
        """The share of the read items that are printed on their receipt."""
        return Share(self._found, sum(score.read for score in self.scores))

    @property
    def recall(self) -> Share:
        """The share of the printed items that were read."""
        return Share(self._found, sum(score.expected for score in self.scores))

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall over all items; 0 if nothing was found."""
        both = self.precision.reported + self.recall.reported
        return 2 * self._found / both if both else 0.0

    @property
    def reconciled(self) -> Share:
        """The share of the read receipts whose items add up to the total."""
        read = list(filter(None, map(_extraction, self._readings)))
        return Share(sum(extraction.reconciled for extraction in read), len(read))

    @cached_property
    def reliability(self) -> Sequence[Bin]:
        """The bins of reliability, most confident first."""
        return reliability(self.scores)

    @cached_property
    def cpu_seconds(self) -> Cost:
        """The CPU time per file, on all threads, without loading the models."""
        return Cost.of([evidence.cpu_seconds for evidence in self._evidence])

    @cached_property
    def peak_bytes(self) -> Cost:
        """The peak resident memory of the child that read a file, per file."""
        return Cost.of([evidence.peak_bytes for evidence in self._evidence])

    def as_json(self) -> dict[str, Any]:
        """Return the `report` of `extract --report --json`."""
        return {
            "engine": self.engine,
            "scored": len(self.scores),
            "accuracy": {field: _json(share) for field, share in self.accuracy.items()},
            "items": {
                "precision": _json(self.precision),
                "recall": _json(self.recall),
                "f1": round(self.f1, 4),
            },
            "reconciled": _json(self.reconciled),
            "reliability": [
                {"low": bin.low, "high": bin.high, "overall": _json(bin.overall),
                 "by_field": {field: _json(share) for field, share in bin.by_field.items()}}
                for bin in self.reliability
            ],
            "cpu_seconds": vars(self.cpu_seconds),
            "peak_bytes": vars(self.peak_bytes),
            "mistakes": {str(file.reading.path): list(file.mistakes)
                         for file in self.files if file.mistakes},
        }  # fmt: skip

    @property
    def _found(self) -> int:
        return sum(score.found for score in self.scores)

    @property
    def _readings(self) -> Sequence[FileReading]:
        return [file.reading for file in self.files]

    @property
    def _evidence(self) -> Sequence[Evidence]:
        return [reading.evidence for reading in self._readings if reading.evidence]


def _extraction(reading: FileReading) -> Any:
    return reading.receipt and reading.receipt.extraction


def _json(share: Share) -> dict[str, int]:
    return {"right": share.right, "of": share.reported}

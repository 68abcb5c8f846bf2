"""What receipts and items cost, from the saved figures."""

from dataclasses import dataclass

from tests.bench.figures import NotMeasured
from tests.bench.loader.asking import CONCURRENCY
from tests.bench.report.saved import Saved


@dataclass(frozen=True)
class Costs:
    """CPU seconds: of a receipt in a slot, of a front for a receipt, and of an item's parts."""

    receipt: float
    receipt_front: float
    item_front: float
    item_worker: float
    job_postgres: float
    job_redis: float

    @classmethod
    def of(cls, saved: Saved) -> "Costs":
        """Read the costs. Raises NotMeasured if a measurement is missing."""
        cpu = f"CPU of a job, {CONCURRENCY} at a time"
        return cls(
            receipt=median(saved, "ocr", "CPU of a receipt"),
            receipt_front=median(saved, "ocr", "CPU of the front for a receipt"),
            item_front=median(saved, "parts", f"{cpu}: front") / 1000,
            item_worker=median(saved, "items", "CPU of the worker for a categorisation") / 1000,
            job_postgres=median(saved, "parts", f"{cpu}: Postgres") / 1000,
            job_redis=median(saved, "parts", f"{cpu}: Redis") / 1000,
        )


def median(saved: Saved, measurement: str, name: str) -> float:
    """Return the median of a figure. Raises NotMeasured if it is missing."""
    if measurement in saved.measurements:
        for figure in saved.measurements[measurement].figures:
            if figure.name == name:
                return figure.median
    raise NotMeasured(f"There is no figure “{name}”: run bin/bench --only {measurement} --save.")

"""Receipts, jobs and stages as tables for a terminal."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from shared.contracts.jobs import JobView
from shared.contracts.queues import QueueView
from shared.contracts.receipts import Extraction


def receipt_table(read: Extraction) -> Table:
    """What was read: an item a row, merchant and date above, the total below."""
    total = f"{read.total.amount or '?'} {read.total.currency or ''}".strip()
    table = titled_table(
        f"{read.merchant.name or 'unknown merchant'}, {read.date.value or 'no date'}"
    )
    table.caption = f"Total {total}, confidence {read.total.confidence:.2f}; {_sum(read)}"
    table.add_column("Item", no_wrap=True)
    table.add_column("Category", no_wrap=True)
    for name in ("Qty", "Each", "Price", "Conf."):
        table.add_column(name, justify="right")
    for item in read.line_items:
        quantity = f"{item.quantity.normalize():f} {item.unit or ''}".strip()
        table.add_row(
            item.parsed_name,
            item.category,
            quantity,
            str(item.unit_price or ""),
            str(item.total_price or ""),
            f"{item.confidence:.2f}",
        )
    return table


def _sum(read: Extraction) -> str:
    if read.reconciled:
        return "the items add up to it"
    items = next((check for check in read.checks if check.name == "items"), None)
    return f"the items come to {items.calculated}" if items else "nothing to check it by"


def stage_table(job: JobView) -> Table:
    """Where the time of a job went."""
    table = titled_table("Where the time went")
    table.add_column("Stage", min_width=24)
    table.add_column("ms", justify="right")
    if job.started_at:
        waited = (job.started_at - job.created_at).total_seconds() * 1000
        table.add_row("waiting in the queue", f"{waited:.0f}")
    for stage in job.attempts[-1].stages if job.attempts else ():
        table.add_row(stage.name, f"{stage.duration_ms:.0f}")
    table.add_row("accepted to finished", f"{job.latency_ms or 0:.0f}", style="bold")
    return table


def job_table(jobs: Sequence[JobView], now: datetime) -> Table:
    """Jobs, one a row, in at most 80 columns and with whole ids; the error code of a job that has
    one is on a line below it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("Job", "Status", "Feature"):
        table.add_column(name, no_wrap=True)
    table.add_column("Age", no_wrap=True, justify="right")
    for job in jobs:
        age = _age((now - job.created_at).total_seconds())
        table.add_row(str(job.id), job.status, job.feature, age)
        if job.error:
            table.add_row(Text(f"  {job.error.code}", style="red"))
    return table


def _age(seconds: float) -> str:
    """The largest whole unit: 42s, 3m, 5h, 20d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    # A clock here that is behind the service's makes no job of the future.
    return f"{max(seconds, 0):.0f}s"


def attempt_table(job: JobView) -> Table:
    """The history of a job."""
    table = titled_table("Attempts")
    for name in ("No.", "Outcome", "Worker", "Started", "Seconds", "Error"):
        table.add_column(name)
    for attempt in job.attempts:
        seconds = (attempt.finished_at - attempt.started_at).total_seconds()
        table.add_row(
            str(attempt.number),
            attempt.outcome,
            # Without the part that only tells two runs of one process id apart.
            attempt.worker_id.rpartition(":")[0] or attempt.worker_id,
            f"{attempt.started_at:%H:%M:%S}",
            f"{seconds:.2f}",
            attempt.error.code if attempt.error else "",
        )
    return table


def queue_table(queues: Sequence[QueueView]) -> Table:
    """Queues, one a row."""
    table = titled_table("")
    for name in (
        "Queue", "Waiting", "Scheduled", "Running", "Slots", "Workers", "Oldest s", "Done/min",
        "Wait s", "Accepting",
    ):  # fmt: skip
        table.add_column(name, justify="left" if name == "Queue" else "right")
    for queue in queues:
        wait = "?" if queue.estimated_wait is None else f"{queue.estimated_wait:.0f}"
        numbers = (queue.depth, queue.scheduled, queue.running, queue.slots, queue.workers)
        table.add_row(
            queue.queue,
            *map(str, numbers),
            f"{queue.oldest_age:.0f}",
            str(queue.finished_per_minute),
            wait,
            "yes" if queue.accepting else "NO",
        )
    return table


def titled_table(title: str) -> Table:
    """An empty table in our style."""
    return Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")

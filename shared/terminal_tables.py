"""Tables for a terminal that show receipts, jobs, attempts, stages and queues."""

from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from shared.contracts.jobs import JobView
from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import BaseUnit, LineItem
from shared.contracts.receipts.printed import Total
from shared.contracts.service.queues import QueueView


def receipt_table(read: Extraction) -> Table:
    """Return a table of the receipt's items, with merchant and date above and the total below.

    Categories have a column if there are any, and so have amounts.
    """
    total = f"{read.total.amount or '?'} {_currency(read.total)}".strip()
    table = titled_table(
        f"{read.merchant.name or 'unknown merchant'}, {read.date.value or 'no date'}"
    )
    caption = f"Total {total}, confidence {read.total.confidence:.2f}; {_sum(read)}"
    # rich would wrap the caption of a narrower table.
    table.caption, table.min_width = caption, len(caption)
    table.add_column("Item", no_wrap=True)
    categorised = any(item.category for item in read.line_items)
    if categorised:
        table.add_column("Category", no_wrap=True)
    measured = any(map(_amount, read.line_items))
    amounts = ("Amount",) if measured else ()
    for name in ("Qty", *amounts, "Each", "Price", "Conf."):
        table.add_column(name, justify="right")
    for item in read.line_items:
        quantity = f"{item.quantity.normalize():f} {item.unit or ''}".strip()
        table.add_row(
            item.parsed_name,
            *([item.category] if categorised else []),
            quantity,
            *([_amount(item)] if measured else []),
            str(item.unit_price or ""),
            str(item.total_price or ""),
            f"{item.confidence:.2f}",
        )
    return table


def _amount(item: LineItem) -> str:
    """Name the amount in its base unit, unless it only repeats the quantity."""
    amount = item.amount_total
    if amount is None or amount.unit is BaseUnit.PIECE:
        return ""
    return f"{amount.value.normalize():f} {amount.unit}"


def _currency(total: Total) -> str:
    """Name the currency, and where it comes from unless it is printed."""
    if total.currency_source in ("inferred", "default"):
        return f"{total.currency} ({total.currency_source})"
    return total.currency or ""


def _sum(read: Extraction) -> str:
    if read.reconciled:
        return "the items add up to it"
    items = next((check for check in read.checks if check.name == "items"), None)
    return f"the items come to {items.calculated}" if items else "nothing to check it by"


def stage_table(job: JobView) -> Table:
    """Return a table of how long a job waited and how long each stage of its last attempt took."""
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
    """Return a table with a row for each job, in at most 80 columns and with whole ids.

    If a job has an error, its code is on a line below the job.
    """
    table = _plain_table("Job", "Status", "Feature")
    table.add_column("Age", no_wrap=True, justify="right")
    for job in jobs:
        age = _age((now - job.created_at).total_seconds())
        table.add_row(str(job.id), job.status, job.feature, age)
        if job.error:
            table.add_row(Text(f"  {job.error.code}", style="red"))
    return table


def _age(seconds: float) -> str:
    """Format a duration in the largest unit it fills: 42s, 3m, 5h, 20d."""
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length:.0f}{unit}"
    # If this machine's clock is behind the service's, a new job would have a negative age.
    return f"{max(seconds, 0):.0f}s"


def attempt_table(job: JobView) -> Table:
    """Return a table with a row for each recorded attempt of a job."""
    table = titled_table("Attempts")
    for name in ("No.", "Outcome", "Worker", "Started", "Seconds", "Error"):
        table.add_column(name)
    for attempt in job.attempts:
        seconds = (attempt.finished_at - attempt.started_at).total_seconds()
        table.add_row(
            str(attempt.number),
            attempt.outcome,
            # The last part of the id only distinguishes two workers with the same process id.
            attempt.worker_id.rpartition(":")[0] or attempt.worker_id,
            f"{attempt.started_at:%H:%M:%S}",
            f"{seconds:.2f}",
            attempt.error.code if attempt.error else "",
        )
    return table


def queue_table(queues: Sequence[QueueView]) -> Table:
    """Return a table with a row for each queue, in at most 80 columns."""
    table = _plain_table("Queue")
    for name in (
        "Waiting", "Oldest", "Scheduled", "Running", "Workers", "Done/min", "Wait", "Accepts",
    ):  # fmt: skip
        table.add_column(name, no_wrap=True, justify="right")
    for view in queues:
        wait = view.estimated_wait
        table.add_row(
            view.queue,
            str(view.depth),
            _age(view.oldest_age),
            str(view.scheduled),
            f"{view.running}/{view.slots}",
            str(view.workers),
            str(view.finished_per_minute),
            "?" if wait is None else _age(wait),
            "paused" if view.paused else "yes" if view.accepting else "NO",
        )
    return table


def _plain_table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(name, no_wrap=True)
    return table


def titled_table(title: str) -> Table:
    """Return an empty table in the style of those above."""
    return Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")

"""Receipts, jobs and stages as tables for a terminal."""

from rich import box
from rich.table import Table

from shared.contracts.jobs import JobView
from shared.contracts.receipts import Extraction


def receipt_table(read: Extraction) -> Table:
    """What was read: an item a row, merchant and date above, the total below."""
    total = f"{read.total.amount or '?'} {read.total.currency or ''}".strip()
    table = titled_table(
        f"{read.merchant.name or 'unknown merchant'}, {read.date.value or 'no date'}"
    )
    table.caption = f"Total {total}, confidence {read.total.confidence:.2f}"
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


def titled_table(title: str) -> Table:
    """An empty table in our style."""
    return Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")

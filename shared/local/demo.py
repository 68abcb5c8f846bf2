"""bin/demo: the main job, from nothing to a table, through the real interface."""

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from shared.client import ServiceClient
from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts import RichReceipt
from shared.errors import ServiceError
from shared.local.processes import LocalError, free_port, stopping_on_signals
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.local.stack import (
    front,
    migrate,
    servers,
    throwaway_folder,
    wait_for_workers,
    worker,
)

LABELS = (
    "Produce", "Dairy", "Bakery", "Meat & Seafood", "Frozen", "Pantry", "Beverages", "Snacks",
    "Household", "Other",
)  # fmt: skip
NAMES = ("Whole Milk", "Chicken Breast", "Bananas", "Sourdough Bread", "Frozen Pizza", "Dish Soap")


def main() -> int:
    """Run the demo; the exit code says whether the receipt was read."""
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument("image", nargs="?", type=Path, help="a JPEG, PNG or WebP of a receipt")
    parser.add_argument("--json", action="store_true", help="print only the finished job, as JSON")
    arguments = parser.parse_args()
    progress = Console(stderr=True)
    try:
        given: Path | None = arguments.image
        image = given.read_bytes() if given else encode(draw_receipt(DrawnReceipt()))
        with stopping_on_signals(), ExitStack() as stack:
            url = _start(stack, progress)
            return _show(url, image, as_json=arguments.json)
    except ServiceError as error:
        progress.print(f"[red]{error.code}[/red]: {error.detail}")
    except (LocalError, OSError) as error:
        progress.print(f"[red]{error}[/red]")
    except KeyboardInterrupt:
        progress.print("Stopped.")
    return 1


def _start(stack: ExitStack, progress: Console) -> str:
    """Start everything on free ports, with logs in a folder that goes away with it."""
    status = stack.enter_context(progress.status("Starting Postgres and Valkey ..."))
    folder = stack.enter_context(throwaway_folder())
    running = stack.enter_context(servers(folder, durable=False))
    status.update("Migrating ...")
    migrate(running.database_url)
    env = {**running.env(), "QUEUE_NAMESPACE": f"demo-{os.getpid()}", "SHUTDOWN_GRACE": "0"}
    status.update("Starting the front and a worker, which loads its models ...")
    process = stack.enter_context(worker(env, folder / "worker.log"))
    url = stack.enter_context(front(env, free_port(), folder / "api.log"))
    wait_for_workers(url, process, folder / "worker.log")
    status.stop()
    return url


def _show(url: str, image: bytes, *, as_json: bool) -> int:
    with ServiceClient(url, tenant_id="demo") as client:
        submitted = client.submit_receipt(image, LABELS)
        job = client.await_job(submitted.id)
        if as_json:
            sys.stdout.write(job.model_dump_json(indent=2) + "\n")
        else:
            console = Console()
            _print_job(console, job)
            _print_categories(console, client)
    return 0 if job.status is JobStatus.SUCCEEDED else 1


def _print_job(console: Console, job: JobView) -> None:
    if job.error is not None:
        console.print(f"[red]failed[/red] {job.error.code}: {job.error.detail}")
    if job.output_payload is not None:
        console.print(_receipt_table(RichReceipt.model_validate(job.output_payload)))
    console.print(_stage_table(job))


def _receipt_table(receipt: RichReceipt) -> Table:
    read = receipt.extraction
    total = f"{read.total.amount or '?'} {read.total.currency or ''}".strip()
    table = _table(f"{read.merchant.name or 'unknown merchant'}, {read.date.value or 'no date'}")
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
            str(item.unit_price),
            str(item.total_price),
            f"{item.confidence:.2f}",
        )
    return table


def _stage_table(job: JobView) -> Table:
    table = _table("Where the time went")
    table.add_column("Stage", min_width=24)
    table.add_column("ms", justify="right")
    if job.started_at:
        waited = (job.started_at - job.created_at).total_seconds() * 1000
        table.add_row("waiting in the queue", f"{waited:.0f}")
    for stage in job.attempts[-1].stages if job.attempts else ():
        table.add_row(stage.name, f"{stage.duration_ms:.0f}")
    table.add_row("accepted to finished", f"{job.latency_ms or 0:.0f}", style="bold")
    return table


def _print_categories(console: Console, client: ServiceClient) -> None:
    table = _table("Categories of a few names")
    table.add_column("Name")
    table.add_column("Category")
    table.add_column("Conf.", justify="right")
    answer = client.categorize_batch(NAMES, LABELS)
    for one in answer.payload.predictions if answer.payload else ():
        table.add_row(one.name, one.predicted_category, f"{one.confidence:.2f}")
    console.print(table)


def _table(title: str) -> Table:
    return Table(title=title, box=box.SIMPLE, title_justify="left", caption_justify="left")


if __name__ == "__main__":
    sys.exit(main())

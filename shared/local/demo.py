"""bin/demo: the main job, from nothing to a table, through the real interface."""

import argparse
import os
import sys
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from shared.client import ServiceClient
from shared.contracts.categories import COMMON_LABELS
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
from shared.terminal import receipt_table, stage_table, titled_table

NAMES = ("Whole Milk", "Chicken Breast", "Bananas", "Sourdough Bread", "Frozen Pizza", "Dish Soap")


def main() -> int:
    """Run the demo; the exit code says whether the receipt was read."""
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument(
        "image", nargs="?", type=Path, help="a JPEG, PNG, WebP, HEIC or PDF of a receipt"
    )
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
    env |= {"DRAIN_DELAY": "0", "WORKER_PORT": "0"}
    status.update("Starting the front and a worker, which loads its models ...")
    process = stack.enter_context(worker(env, folder / "worker.log"))
    port = free_port()
    stack.enter_context(front(env, port, folder / "api.log"))
    url = f"http://127.0.0.1:{port}"
    wait_for_workers(url, process, folder / "worker.log")
    status.stop()
    return url


def _show(url: str, image: bytes, *, as_json: bool) -> int:
    with ServiceClient(url, tenant_id="demo") as client:
        submitted = client.submit_receipt(image, COMMON_LABELS)
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
        console.print(receipt_table(RichReceipt.model_validate(job.output_payload).extraction))
    console.print(stage_table(job))


def _print_categories(console: Console, client: ServiceClient) -> None:
    table = titled_table("Categories of a few names")
    table.add_column("Name")
    table.add_column("Category")
    table.add_column("Conf.", justify="right")
    answer = client.categorize_batch(NAMES, COMMON_LABELS)
    for prediction in answer.payload.predictions if answer.payload else ():
        table.add_row(
            prediction.name, prediction.predicted_category, f"{prediction.confidence:.2f}"
        )
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())

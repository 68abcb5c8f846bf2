"""bin/demo: starts the system, reads a receipt over HTTP, and prints the result."""

import os
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from shared.access.tokens import NewToken, new_token
from shared.client import ServiceClient
from shared.contracts.categories import COMMON_LABELS
from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts.rich import RichReceipt
from shared.images.inspection import ImageLimits, inspect
from shared.local.arguments import Arguments
from shared.local.processes import LocalError, free_port
from shared.local.receipt_image import DrawnReceipt, draw_receipt, encode
from shared.local.stack import (
    check_settings,
    front,
    migrate,
    servers,
    throwaway_folder,
    wait_for_workers,
    worker,
)
from shared.terminal_tables import receipt_table, stage_table, titled_table

NAMES = ("Whole Milk", "Chicken Breast", "Bananas", "Sourdough Bread", "Frozen Pizza", "Dish Soap")


def main(arguments: Sequence[str]) -> int:
    """Run the demo, and return 0 if the receipt was read and 1 if not.

    Raises LocalError, ServiceError and OSError.
    """
    options = _parser().parse_args(arguments)
    settings = check_settings()
    limits = ImageLimits(max_bytes=settings.max_image_bytes, max_pixels=settings.max_image_pixels)
    image = _image(options.image, options.save)
    inspect(image, limits)
    with ExitStack() as stack:
        # A token of its own makes the demo the same whatever AUTH is in the environment.
        token = new_token()
        url = _start(stack, Console(stderr=True), token)
        with ServiceClient(url, tenant_id="demo", token=token.text) as client:
            return _show(client, image, as_json=options.json)


def _parser() -> Arguments:
    parser = Arguments("bin/demo")
    receipt = parser.add_mutually_exclusive_group()
    receipt.add_argument("image", nargs="?", type=Path)
    receipt.add_argument("--save", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    return parser


def _image(given: Path | None, save: Path | None) -> bytes:
    """Return the receipt to read: the given file, or a drawn one that is saved in `save`."""
    if given:
        return given.read_bytes()
    drawn = encode(draw_receipt(DrawnReceipt()), "JPEG")
    if save:
        _keep(drawn, save)
    return drawn


def _keep(drawn: bytes, folder: Path) -> None:
    path = folder / "receipt.jpg"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.read_bytes() != drawn:
            raise LocalError(f"{path} is there already: choose another folder for --save.")
        path.write_bytes(drawn)
        Console(stderr=True).print(f"Saved {path}", highlight=False, soft_wrap=True, markup=False)
    except OSError as error:
        raise LocalError(
            f"{path} cannot be written ({error.strerror}): choose another folder for --save."
        ) from error


def _start(stack: ExitStack, progress: Console, token: NewToken) -> str:
    """Start everything on free ports, with data and logs in a throwaway folder.

    Returns the URL of the front, which wants the token.
    """
    status = stack.enter_context(progress.status("Starting Postgres and Valkey ..."))
    folder = stack.enter_context(throwaway_folder())
    running = stack.enter_context(servers(folder, durable=False))
    status.update("Migrating ...")
    migrate(running.database_url)
    env = {**running.env(), "QUEUE_NAMESPACE": f"demo-{os.getpid()}", "SHUTDOWN_GRACE": "0"}
    env |= {"DRAIN_DELAY": "0", "WORKER_PORT": "0"}
    env |= {"AUTH": "tokens", "BOOTSTRAP_TOKEN_HASH": token.hash.hex()}
    status.update("Starting the front and a worker, which loads its models ...")
    process = stack.enter_context(worker(env, folder / "worker.log"))
    port = free_port()
    stack.enter_context(front(env, port, folder / "api.log"))
    url = f"http://127.0.0.1:{port}"
    wait_for_workers(url, process, folder / "worker.log")
    status.stop()
    return url


def _show(client: ServiceClient, image: bytes, *, as_json: bool) -> int:
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

"""What the commands for a running service share: its options, its client, and showing jobs."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.console import Console

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts.rich import RichReceipt
from shared.telemetry.logs import configure_logging
from shared.terminal_tables import attempt_table, job_table, receipt_table, stage_table
from worker.cli.options import print_json

if TYPE_CHECKING:
    from shared.client import ServiceClient

Url = Annotated[str, typer.Option("--url", envvar="AI_SERVICE_URL", help="URL of the service.")]
Tenant = Annotated[str, typer.Option("--tenant", envvar="TENANT_ID", help="The tenant to act for.")]


def job_id_of(text: str) -> UUID:
    """Return the id of a job. Raises typer.BadParameter."""
    try:
        return UUID(text)
    except ValueError as error:
        raise typer.BadParameter(
            f"{text!r} is not a job id; `grocery-ai list` shows them"
        ) from error


JobId = Annotated[
    UUID,
    typer.Argument(
        parser=job_id_of, metavar="ID", help="The id of a job, as `submit` and `list` print it."
    ),
]
JobIds = Annotated[
    list[UUID],
    typer.Argument(
        parser=job_id_of,
        metavar="ID...",
        help="The ids of jobs, as `submit` and `list` print them.",
    ),
]

DEFAULT_URL = "http://localhost:8000"
DEFAULT_TENANT = "default"


@contextmanager
def connected(url: str, tenant: str) -> Iterator["ServiceClient"]:
    """Yield a client of the service, with the token in AI_SERVICE_TOKEN.

    An option for the token would show it to everybody on the machine, in the list of processes.
    Raises typer.BadParameter if the URL or the token is invalid.
    """
    # The client's HTTP library is loaded only by the commands that need it.
    from shared.client import ServiceClient

    configure_logging("WARNING", "console")
    token = os.environ.get("AI_SERVICE_TOKEN") or None
    try:
        client = ServiceClient(url, tenant, retries=2, retry_budget=10, token=token)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url or AI_SERVICE_TOKEN") from error
    with client:
        yield client


def show_jobs(jobs: Sequence[JobView], *, as_json: bool) -> None:
    """Print jobs and their results on stdout, as JSON or as tables.

    The tables of a single job include its attempts and stages.
    """
    if as_json:
        print_json([job.model_dump(mode="json") for job in jobs])
        return
    console = Console()
    console.print(job_table(jobs, now=datetime.now(UTC)))
    for job in jobs:
        if job.output_payload is not None and job.feature is Feature.RECEIPT_EXTRACTION:
            receipt = RichReceipt.model_validate(job.output_payload)
            console.print(*map(receipt_table, receipt.extractions))
    if len(jobs) == 1 and jobs[0].attempts:
        console.print(attempt_table(jobs[0]))
        console.print(stage_table(jobs[0]))


def any_failed(jobs: Sequence[JobView]) -> bool:
    """Return whether any of the jobs failed or was cancelled."""
    return any(job.status in (JobStatus.FAILED, JobStatus.CANCELLED) for job in jobs)

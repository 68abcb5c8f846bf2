"""Commands that speak to a running service."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console

from shared.client import ServiceClient
from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus, JobView
from shared.contracts.receipts import RichReceipt
from shared.errors import ServiceError
from shared.telemetry.logs import configure_logging
from shared.terminal import attempt_table, job_table, queue_table, receipt_table, stage_table
from worker.cli.options import AsJson, Labels, print_json, split_labels

Url = Annotated[
    str, typer.Option("--url", envvar="AI_SERVICE_URL", help="Where the service answers.")
]
Tenant = Annotated[str, typer.Option("--tenant", envvar="TENANT_ID", help="Whose jobs.")]
JobId = Annotated[UUID, typer.Argument(help="As `submit` and `list` print it.")]
Files = Annotated[
    list[Path], typer.Argument(exists=True, dir_okay=False, help="Images or PDFs of receipts.")
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the results, and print them.")]

HERE = "http://localhost:8000"
NOBODY = "default"


def submit(
    files: Files,
    wait: Wait = False,
    labels: Labels = None,
    url: Url = HERE,
    tenant: Tenant = NOBODY,
    as_json: AsJson = False,
) -> None:
    """Submit receipts as jobs; with --wait, print what was read. A file that is refused is reported
    and the rest go on."""
    wanted = split_labels(labels) if labels else None
    jobs: list[JobView] = []
    refused = False
    with _service(url, tenant) as service:
        for file in files:
            try:
                jobs.append(service.submit_receipt(file.read_bytes(), wanted))
            except ServiceError as error:
                refused = True
                message = f"[red]{error.code}[/red] {file}: {error.detail}"
                Console(stderr=True).print(message)
        if wait:
            jobs = [service.await_job(job.id, within=600) for job in jobs]
    _show(jobs, as_json=as_json)
    if refused or _any_failed(jobs):
        sys.exit(1)


def get(job_id: JobId, url: Url = HERE, tenant: Tenant = NOBODY, as_json: AsJson = False) -> None:
    """Look at one job: its result, its attempts, where the time went."""
    with _service(url, tenant) as service:
        job = service.job(job_id)
    _show([job], as_json=as_json)


def watch(job_id: JobId, url: Url = HERE, tenant: Tenant = NOBODY, as_json: AsJson = False) -> None:
    """Wait until a job has ended, then print it. Exits with 1 unless it succeeded."""
    with _service(url, tenant) as service, Console(stderr=True).status("") as status:
        while not (job := service.job(job_id)).status.finished:
            status.update(f"{job.status}, {len(job.attempts)} attempts so far")
            service.job(job_id, wait=5)
    _show([job], as_json=as_json)
    if _any_failed([job]):
        sys.exit(1)


def list_jobs(
    status: Annotated[JobStatus | None, typer.Option(help="Only these.")] = None,
    feature: Annotated[Feature | None, typer.Option(help="Only these.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100)] = 20,
    url: Url = HERE,
    tenant: Tenant = NOBODY,
    as_json: AsJson = False,
) -> None:
    """List a tenant's jobs, newest first."""
    with _service(url, tenant) as service:
        page = service.jobs(status=status, feature=feature, limit=limit)
    if as_json:
        print_json([job.model_dump(mode="json") for job in page.jobs])
    else:
        Console().print(job_table(page.jobs))


def cancel(
    job_id: JobId, url: Url = HERE, tenant: Tenant = NOBODY, as_json: AsJson = False
) -> None:
    """Cancel a job, whether it waits or runs."""
    with _service(url, tenant) as service:
        _show([service.cancel(job_id)], as_json=as_json)


def retry(job_id: JobId, url: Url = HERE, tenant: Tenant = NOBODY, as_json: AsJson = False) -> None:
    """Run a failed or cancelled job again."""
    with _service(url, tenant) as service:
        _show([service.retry(job_id)], as_json=as_json)


def queues(url: Url = HERE, as_json: AsJson = False) -> None:
    """Show what waits, who works, and whether more is taken."""
    with _service(url, NOBODY) as service:
        found = service.queues().queues
    if as_json:
        print_json([queue.model_dump(mode="json") for queue in found])
    else:
        Console().print(queue_table(found))


@contextmanager
def _service(url: str, tenant: str) -> Iterator[ServiceClient]:
    configure_logging("WARNING", "console")
    try:
        client = ServiceClient(url, tenant, retries=2, retry_budget=10)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--url") from error
    with client:
        yield client


def _show(jobs: Sequence[JobView], *, as_json: bool) -> None:
    if as_json:
        print_json([job.model_dump(mode="json") for job in jobs])
        return
    console = Console()
    console.print(job_table(jobs))
    for job in jobs:
        if job.output_payload is not None and job.feature is Feature.RECEIPT_EXTRACTION:
            receipt = RichReceipt.model_validate(job.output_payload)
            console.print(receipt_table(receipt.extraction))
    if len(jobs) == 1 and jobs[0].attempts:
        console.print(attempt_table(jobs[0]))
        console.print(stage_table(jobs[0]))


def _any_failed(jobs: Sequence[JobView]) -> bool:
    return any(job.status in (JobStatus.FAILED, JobStatus.CANCELLED) for job in jobs)

"""`grocery-ai get`, `watch`, `list`, `cancel`, `retry` and `queues`."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.terminal_tables import job_table, queue_table
from worker.cli.options import AsJson, print_json
from worker.cli.remote.service import (
    DEFAULT_TENANT,
    DEFAULT_URL,
    JobId,
    Tenant,
    Url,
    any_failed,
    connected,
    show_jobs,
)
from worker.cli.stderr import stderr


def get(
    job_id: JobId, url: Url = DEFAULT_URL, tenant: Tenant = DEFAULT_TENANT, as_json: AsJson = False
) -> None:
    """Show one job: its result, its attempts, and where the time went."""
    with connected(url, tenant) as service:
        job = service.job(job_id)
    show_jobs([job], as_json=as_json)


def watch(
    job_id: JobId, url: Url = DEFAULT_URL, tenant: Tenant = DEFAULT_TENANT, as_json: AsJson = False
) -> None:
    """Wait until a job has ended, then show it. The exit code is 1 unless it succeeded."""
    with connected(url, tenant) as service, stderr().status("") as status:
        while not (job := service.job(job_id)).status.finished:
            status.update(f"{job.status}, {len(job.attempts)} attempts so far")
            service.job(job_id, wait=5)
    show_jobs([job], as_json=as_json)
    if any_failed([job]):
        sys.exit(1)


def list_jobs(
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs with this status.")] = None,
    feature: Annotated[Feature | None, typer.Option(help="Only jobs of this feature.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many jobs to list at most.")] = 20,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """List a tenant's jobs, newest first."""
    with connected(url, tenant) as service:
        page = service.jobs(status=status, feature=feature, limit=limit)
    if as_json:
        print_json([job.model_dump(mode="json") for job in page.jobs])
    elif page.jobs:
        Console().print(job_table(page.jobs, now=datetime.now(UTC)))
    else:
        kind = " ".join(filter(None, (status, feature)))
        stderr().print(
            f"Tenant {tenant!r} has no {kind + ' ' if kind else ''}jobs. --tenant selects another; "
            "`grocery-ai submit FILE` creates a job.",
            markup=False,
        )
    if page.next_cursor:
        stderr().print(f"These are the newest {limit}; --limit shows up to 100.")


def cancel(
    job_id: JobId, url: Url = DEFAULT_URL, tenant: Tenant = DEFAULT_TENANT, as_json: AsJson = False
) -> None:
    """Cancel a job that is waiting or running."""
    with connected(url, tenant) as service:
        show_jobs([service.cancel(job_id)], as_json=as_json)


def retry(
    job_id: JobId, url: Url = DEFAULT_URL, tenant: Tenant = DEFAULT_TENANT, as_json: AsJson = False
) -> None:
    """Run a failed or cancelled job again."""
    with connected(url, tenant) as service:
        show_jobs([service.retry(job_id)], as_json=as_json)


def queues(url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show how many jobs wait and run, how many workers there are, and if new work is accepted."""
    with connected(url, DEFAULT_TENANT) as service:
        found = service.queues().queues
    if as_json:
        print_json([queue.model_dump(mode="json") for queue in found])
    else:
        Console().print(queue_table(found))

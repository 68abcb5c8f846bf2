"""`grocery-ai list`."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from shared.contracts.features import Feature
from shared.contracts.jobs import JobPage, JobStatus
from shared.errors import ErrorClass
from shared.terminal_tables import job_table
from worker.cli.options import AsJson, print_json
from worker.cli.remote.service import DEFAULT_TENANT, DEFAULT_URL, Tenant, Url, connected
from worker.cli.stderr import stderr

_FORMATS = ["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]

_ErrorClass = Annotated[
    ErrorClass | None, typer.Option(help="Only jobs whose last error is of this class.")
]
_Code = Annotated[str | None, typer.Option(help="Only jobs whose last error has this code.")]
_Fingerprint = Annotated[
    str | None, typer.Option(help="Only failures of this kind, as the console names it.")
]
_Since = Annotated[
    datetime | None,
    typer.Option(formats=_FORMATS, help="Only jobs from this time on; UTC without an offset."),
]
_Until = Annotated[
    datetime | None, typer.Option(formats=_FORMATS, help="Only jobs from before this time.")
]
_Text = Annotated[str | None, typer.Option(help="Only jobs with this text in their input.")]
_AllTenants = Annotated[
    bool, typer.Option("--all-tenants", help="The jobs of all tenants; for operators.")
]


def list_jobs(  # noqa: PLR0913, PLR0917 (each is an option of the command)
    status: Annotated[JobStatus | None, typer.Option(help="Only jobs with this status.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="The same as --status failed.")] = False,
    feature: Annotated[Feature | None, typer.Option(help="Only jobs of this feature.")] = None,
    request_id: Annotated[str | None, typer.Option(help="Only jobs of this request.")] = None,
    trace_id: Annotated[str | None, typer.Option(help="Only jobs of this trace.")] = None,
    error_class: _ErrorClass = None,
    code: _Code = None,
    fingerprint: _Fingerprint = None,
    worker: Annotated[str | None, typer.Option(help="Only jobs that this worker ran.")] = None,
    since: _Since = None,
    until: _Until = None,
    text: _Text = None,
    all_tenants: _AllTenants = False,
    limit: Annotated[int, typer.Option(min=1, max=100, help="How many jobs to list at most.")] = 20,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """List a tenant's jobs, newest first."""
    if failed and status not in (None, JobStatus.FAILED):
        raise typer.BadParameter("it contradicts --status", param_hint="--failed")
    status = JobStatus.FAILED if failed else status
    with connected(url, tenant) as service:
        page = service.jobs(
            status=status,
            feature=feature,
            request_id=request_id,
            trace_id=trace_id,
            error_class=error_class,
            code=code,
            fingerprint=fingerprint,
            worker_id=worker,
            since=_in_utc(since),
            until=_in_utc(until),
            text=text,
            all_tenants=all_tenants,
            limit=limit,
        )
    if as_json:
        print_json([job.model_dump(mode="json") for job in page.jobs])
    elif page.jobs:
        Console().print(job_table(page.jobs, now=datetime.now(UTC)))
    else:
        others = any((request_id, trace_id, error_class, code, fingerprint, worker, text, since))
        owner = "The service" if all_tenants else f"Tenant {tenant!r}"
        _print_none(owner, [*filter(None, (status, feature))], filtered=bool(others or until))
    _print_rest(page, limit)


def _in_utc(time: datetime | None) -> datetime | None:
    return time if time is None or time.tzinfo else time.replace(tzinfo=UTC)


def _print_none(owner: str, kind: Sequence[str], *, filtered: bool) -> None:
    words = [*kind, "jobs", *(["that meet the filters"] if filtered else [])]
    stderr().print(
        f"{owner} has no {' '.join(words)}. --tenant selects another; "
        "`grocery-ai submit FILE` creates a job.",
        markup=False,
    )


def _print_rest(page: JobPage, limit: int) -> None:
    """Say what the list leaves out."""
    if page.scanned_until:
        stderr().print(
            f"Only jobs since {page.scanned_until:%Y-%m-%d %H:%M:%S} UTC were looked at; --until "
            "and --since select others.",
            markup=False,
        )
    elif page.next_cursor:
        stderr().print(f"These are the newest {limit}; --limit shows up to 100.")

"""`grocery-ai submit`: send files to a running service as jobs."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.contracts.jobs import JobView
from shared.contracts.receipts import ExtractionOptions
from shared.errors import ServiceError
from worker.cli.options import (
    AsJson,
    Country,
    DefaultCurrency,
    LocaleName,
    extraction_options,
    print_line,
    split_labels,
)
from worker.cli.remote.service import (
    DEFAULT_TENANT,
    DEFAULT_URL,
    Tenant,
    Url,
    any_failed,
    connected,
    show_jobs,
)
from worker.cli.stderr import print_error

if TYPE_CHECKING:
    from shared.client import ServiceClient

Files = Annotated[
    list[Path],
    typer.Argument(
        exists=True, dir_okay=False, metavar="FILE...", help="Images or PDFs of receipts."
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print only the id of each job on stdout."),
]
Labels = Annotated[
    str | None,
    typer.Option("--labels", metavar="A,B,C", help="Labels to categorise the items by."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait for the results and print them.")]

Within = Annotated[
    float,
    typer.Option(
        "--within", min=0, metavar="SECONDS", help="How long --wait waits for each of the jobs."
    ),
]


def submit(  # noqa: PLR0913 (each is an option)
    files: Files,
    *,
    wait: Wait = False,
    within: Within = 600,
    quiet: Quiet = False,
    labels: Labels = None,
    default_currency: DefaultCurrency = None,
    country: Country = None,
    locale: LocaleName = None,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Submit receipts as jobs; with --wait, print what was read.

    A file that is refused is reported, and the other files are still submitted.
    Jobs that have not ended in time are reported too; the others are printed.
    """
    if quiet and as_json:
        raise typer.BadParameter("choose either --quiet or --json")
    options = extraction_options(
        split_labels(labels) if labels else None,
        default_currency=default_currency,
        country=country,
        locale=locale,
    )
    with connected(url, tenant) as service:
        jobs = _submit_all(service, files, options, quiet=quiet)
        if wait:
            jobs = _ended(service, jobs, within)
    if not quiet and (jobs or as_json):
        show_jobs(jobs, as_json=as_json)
    if len(jobs) < len(files) or any_failed(jobs):
        sys.exit(1)


def _submit_all(
    service: "ServiceClient", files: Sequence[Path], options: ExtractionOptions, *, quiet: bool
) -> list[JobView]:
    """Submit the files and return the accepted jobs. With `quiet`, print each id at once."""
    jobs: list[JobView] = []
    for job in _submitted(service, files, options):
        jobs.append(job)
        if quiet:
            print_line(str(job.id))
    return jobs


def _ended(service: "ServiceClient", jobs: Sequence[JobView], within: float) -> list[JobView]:
    """Return the jobs that end within `within` seconds each, and report the others as one line."""
    from shared.client.errors import NotDoneInTime

    ended: list[JobView] = []
    late: list[str] = []
    for job in jobs:
        try:
            ended.append(service.await_job(job.id, within=within))
        except NotDoneInTime:
            late.append(str(job.id))
    if late:
        print_error(
            NotDoneInTime(
                f"{len(late)} of {len(jobs)} jobs have not ended within {within:g} s each, and "
                f"continue: {', '.join(late)}"
            )
        )
    return ended


def _submitted(
    service: "ServiceClient", files: Sequence[Path], options: ExtractionOptions
) -> Iterator[JobView]:
    """Yield the job of each accepted file. If the service is unreachable, stop there."""
    from shared.client.errors import ServiceUnreachable

    for file in files:
        try:
            yield service.submit_receipt(
                file.read_bytes(),
                options.candidate_labels,
                default_currency=options.default_currency,
                country=options.country,
                locale=options.locale,
            )
        except ServiceError as error:
            print_error(error, file)
            if isinstance(error, ServiceUnreachable):
                return

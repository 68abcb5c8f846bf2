"""`grocery-ai submit`: send files to a running service as jobs."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shared.contracts.jobs import JobView
from shared.contracts.receipts.requests import ExtractionOptions
from shared.errors import ServiceError
from shared.rejections import Exposed, Unauthenticated
from worker.cli.options import (
    AsJson,
    Country,
    DefaultCurrency,
    LocaleName,
    extraction_options,
    print_line,
    split_labels,
)
from worker.cli.remote.batch import Results, submit_batch
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
    list[Path] | None,
    typer.Argument(
        exists=True, dir_okay=False, metavar="FILE...", help="Images or PDFs of receipts."
    ),
]
Batch = Annotated[
    typer.FileBinaryRead | None,
    typer.Option(
        "--batch",
        metavar="FILE",
        help='Instead of receipts, other jobs: a JSON object {"feature": …, "payload": …} on each '
        "line of FILE, or of stdin for -.",
    ),
]
CallbackUrl = Annotated[
    str | None,
    typer.Option("--callback", metavar="URL", help="Where to send the end of each job."),
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
    files: Files = None,
    *,
    batch: Batch = None,
    wait: Wait = False,
    within: Within = 600,
    quiet: Quiet = False,
    callback: CallbackUrl = None,
    labels: Labels = None,
    default_currency: DefaultCurrency = None,
    country: Country = None,
    locale: LocaleName = None,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Submit receipts as jobs, or with --batch other jobs; with --wait, print the results.

    A file or line that is refused is reported, and the others are still submitted.
    Jobs that have not ended in time are reported too; the others are printed.
    """
    if quiet and as_json:
        raise typer.BadParameter("choose either --quiet or --json")
    if bool(files) == bool(batch):
        raise typer.BadParameter("give either files of receipts or --batch FILE")
    if batch and (labels or default_currency or country or locale):
        raise typer.BadParameter("labels and hints of --batch are in the payload of each line")
    options = extraction_options(
        split_labels(labels) if labels else None,
        default_currency=default_currency,
        country=country,
        locale=locale,
    )
    results = Results(quiet=quiet, as_json=as_json, within=within if wait else None)
    with connected(url, tenant) as service:
        if batch:
            succeeded = submit_batch(service, batch, results, callback)
        else:
            receipts = _submitted(service, files or [], options, callback)
            jobs = _shown(service, receipts, results)
            succeeded = len(jobs) == len(files or []) and not any_failed(jobs)
    if not succeeded:
        sys.exit(1)


def _shown(
    service: "ServiceClient", receipts: Iterable[JobView], results: Results
) -> list[JobView]:
    """Show the jobs of receipts as wanted, and return those that are not late."""
    jobs: list[JobView] = []
    for job in receipts:
        jobs.append(job)
        if results.quiet:
            print_line(str(job.id))
    if results.within is not None:
        jobs = _ended(service, jobs, results.within)
    if not results.quiet and (jobs or results.as_json):
        show_jobs(jobs, as_json=results.as_json)
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
    service: "ServiceClient",
    files: Sequence[Path],
    options: ExtractionOptions,
    callback: str | None,
) -> Iterator[JobView]:
    """Yield the job of each accepted file. If the service takes nothing at all, stop there."""
    from shared.client.errors import ServiceUnreachable

    for file in files:
        try:
            yield service.submit_receipt(
                file.read_bytes(),
                options.candidate_labels,
                default_currency=options.default_currency,
                country=options.country,
                locale=options.locale,
                callback={"url": callback} if callback else None,
            )
        except ServiceError as error:
            print_error(error, file)
            if isinstance(error, ServiceUnreachable | Unauthenticated | Exposed):
                return

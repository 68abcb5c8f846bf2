"""`grocery-ai get`, `watch`, `image` and `queues`."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from shared.contracts.features import Queue
from shared.contracts.jobs import JobPage, JobView
from shared.errors import Bug
from shared.rejections import JobNotFound
from shared.terminal_tables import queue_table
from worker.cli.extraction.selection import check_writable
from worker.cli.options import AsJson, print_json, print_line
from worker.cli.remote.service import (
    DEFAULT_TENANT,
    DEFAULT_URL,
    JobId,
    JobIds,
    Tenant,
    Url,
    any_failed,
    connected,
    show_jobs,
)
from worker.cli.stderr import print_error, stderr
from worker.cli.whole_files import write_whole


def get(
    job_ids: JobIds,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Show jobs: their results; of a single one, also its attempts and where the time went."""
    with connected(url, tenant) as service:
        page = service.get_many(job_ids)
    if not _shown(page, as_json=as_json):
        sys.exit(1)


def watch(
    job_ids: JobIds,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Wait until jobs have ended, then show them. The exit code is 1 unless all succeeded."""
    with connected(url, tenant) as service, stderr().status("") as status:
        page = service.get_many(job_ids)
        while alive := [job for job in page.jobs if not job.status.finished]:
            status.update(_progress(page.jobs, alive))
            page = service.get_many(job_ids, wait=5)
    if not _shown(page, as_json=as_json) or any_failed(page.jobs):
        sys.exit(1)


def _progress(jobs: Sequence[JobView], alive: Sequence[JobView]) -> str:
    if len(jobs) == 1:
        return f"{jobs[0].status}, {len(jobs[0].attempts)} attempts so far"
    return f"{len(jobs) - len(alive)} of {len(jobs)} jobs have ended"


def _shown(page: JobPage, *, as_json: bool) -> bool:
    """Show the jobs, report the ids of none, and return whether all could be shown."""
    if page.jobs or as_json:
        show_jobs(page.jobs, as_json=as_json)
    for job_id in page.missing:
        print_error(JobNotFound(f"There is no job {job_id} for this tenant."))
    for unreadable in page.unreadable:
        print_error(Bug("A newer version of the service has written this job."), unreadable)
    return not page.missing and not page.unreadable


def image(
    job_id: JobId,
    out: Annotated[
        Path | None,
        typer.Option("--out", dir_okay=False, help="The file; by default ID-PAGE.jpeg."),
    ] = None,
    page: Annotated[int, typer.Option(min=1, help="The page of a PDF.")] = 1,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
) -> None:
    """Save the image of a receipt as its boxes are drawn on it, and print the name of the file.

    Its suffix is that of the format, jpeg, png or webp, unless --out names the file.
    """
    if out:
        check_writable(out.parent, "--out")
    with connected(url, tenant) as service:
        shown = service.job_image(job_id, page)
    path = out or Path(f"{job_id}-{page}.{shown.media_type.partition('/')[2]}")
    write_whole(path, shown.content)
    print_line(str(path))


class QueueAction(StrEnum):
    """What an operator does to a queue."""

    PAUSE = "pause"
    RESUME = "resume"


Action = Annotated[QueueAction | None, typer.Argument(help="What to do to QUEUE.")]
Name = Annotated[Queue | None, typer.Argument(metavar="QUEUE", help="The queue.")]


def queues(
    action: Action = None, queue: Name = None, url: Url = DEFAULT_URL, as_json: AsJson = False
) -> None:
    """Show how many jobs wait and run, how many workers there are, and if new work is accepted.

    `pause QUEUE` has workers take no more jobs of a queue, and `resume QUEUE` has them go on.
    """
    if action and not queue:
        raise typer.BadParameter(f"{action} needs the name of a queue", param_hint="QUEUE")
    with connected(url, DEFAULT_TENANT) as service:
        if queue and action is QueueAction.PAUSE:
            service.pause_queue(queue)
        elif queue:
            service.resume_queue(queue)
        found = service.queues().queues
    if as_json:
        print_json([queue.model_dump(mode="json") for queue in found])
    else:
        Console().print(queue_table(found))

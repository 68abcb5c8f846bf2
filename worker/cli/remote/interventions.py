"""`grocery-ai cancel` and `retry`: one job, or all that meet conditions."""

import re
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer
from pydantic import ValidationError
from rich.progress import Progress

from shared.contracts.search.bulk import BulkAction, BulkOperationView, BulkState
from shared.contracts.search.conditions import Conditions
from worker.cli.options import AsJson, print_json, print_line
from worker.cli.remote.service import (
    DEFAULT_TENANT,
    DEFAULT_URL,
    Tenant,
    Url,
    connected,
    job_id_of,
    show_jobs,
)
from worker.cli.stderr import stderr

if TYPE_CHECKING:
    from shared.client import ServiceClient

_AGE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# Seconds between two looks at how far an operation has come.
_LOOK = 0.5

OptionalId = Annotated[
    UUID | None,
    typer.Argument(parser=job_id_of, metavar="[ID]", help="The id of a job, as `list` prints it."),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="NAME=VALUE",
        help="All jobs that meet this, such as code=timeout or since=1h; may be repeated.",
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say how many jobs are meant.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AllTenants = Annotated[
    bool, typer.Option("--all-tenants", help="Those of all tenants; for operators.")
]


def cancel(  # noqa: PLR0913 (each is an option)
    job_id: OptionalId = None,
    where: Where = None,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    all_tenants: AllTenants = False,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Cancel a job that is waiting or running, or all jobs that meet conditions."""
    _check(job_id, where)
    with connected(url, tenant) as service:
        if job_id is not None:
            show_jobs([service.cancel(job_id)], as_json=as_json)
        else:
            bulk = _Bulk(service, BulkAction.CANCEL, conditions(where or ()), all_tenants)
            bulk.run(dry_run=dry_run, yes=yes, as_json=as_json)


def retry(  # noqa: PLR0913 (each is an option)
    job_id: OptionalId = None,
    where: Where = None,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
    all_tenants: AllTenants = False,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Run a failed or cancelled job again, or all failed jobs that meet conditions."""
    _check(job_id, where)
    with connected(url, tenant) as service:
        if job_id is not None:
            show_jobs([service.retry(job_id)], as_json=as_json)
        else:
            bulk = _Bulk(service, BulkAction.RETRY, conditions(where or ()), all_tenants)
            bulk.run(dry_run=dry_run, yes=yes, as_json=as_json)


def conditions(written: Sequence[str]) -> Conditions:
    """Return the conditions that options name. Raises typer.BadParameter.

    A time may be an age, such as `90s`, `15m`, `1h` or `7d`.
    """
    values: dict[str, Any] = {}
    for text in written:
        name, equals, value = text.partition("=")
        if not equals or name not in Conditions.model_fields or name == "ids":
            names = ", ".join(sorted(Conditions.model_fields.keys() - {"ids"}))
            raise typer.BadParameter(f"{text!r} is not NAME=VALUE; the names are {names}")
        values[name] = _moment(value) if name in ("since", "until") else value
    try:
        return Conditions.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}") from error


def _moment(value: str) -> str:
    """Return an age as the time that it means, and a time as it is."""
    age = _AGE.fullmatch(value)
    if age is None:
        return value
    return (datetime.now(UTC) - timedelta(**{_UNITS[age[2]]: int(age[1])})).isoformat()


def _check(job_id: UUID | None, where: Sequence[str] | None) -> None:
    if (job_id is None) == (not where):
        raise typer.BadParameter("name either one job or what --where demands", param_hint="ID")


class _Bulk:
    """A bulk operation of the command line: asks, begins, and shows how far it has come."""

    def __init__(
        self,
        service: "ServiceClient",
        action: BulkAction,
        where: Conditions,
        all_tenants: bool,
    ) -> None:
        self._service = service
        self._action = action
        self._where = where
        self._all_tenants = all_tenants

    def run(self, *, dry_run: bool, yes: bool, as_json: bool) -> None:
        """Do it, unless it is a dry run or the user has thought better of it."""
        found = self._service.preview_bulk(self._action, self._where, all_tenants=self._all_tenants)
        if dry_run and as_json:
            print_json(found.model_dump(mode="json"))
            return
        more = " or more" if found.at_least else ""
        if dry_run or not found.matched:
            print_line(f"{found.matched}{more} jobs match.")
            return
        if not yes:
            question = f"{self._action.capitalize()} {found.matched}{more} jobs?"
            typer.confirm(question, abort=True, err=True)
        begun = self._service.begin_bulk(self._action, self._where, all_tenants=self._all_tenants)
        ended = self._followed(begun)
        if as_json:
            print_json(ended.model_dump(mode="json"))
            return
        reasons = "".join(f", {count} {code}" for code, count in sorted(ended.refusals.items()))
        print_line(f"{ended.state}: {ended.done} done, {ended.skipped} skipped{reasons}")

    def _followed(self, operation: BulkOperationView) -> BulkOperationView:
        """Show a bar until the operation has ended. It goes on if the user leaves."""
        with Progress(console=stderr(), transient=True) as progress:
            task = progress.add_task(self._action.value, total=operation.matched)
            while operation.state is BulkState.RUNNING:
                time.sleep(_LOOK)
                operation = self._service.bulk_operation(
                    operation.id, all_tenants=self._all_tenants
                )
                waits = f", waits: {operation.waits_for}" if operation.waits_for else ""
                done = operation.done + operation.skipped
                progress.update(task, completed=done, description=f"{self._action}{waits}")
        return operation

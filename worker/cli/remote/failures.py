"""`grocery-ai failures`: failed jobs in groups of the same kind."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from shared.contracts.features import Feature
from shared.contracts.search.failures import FailureGroup
from shared.errors import ErrorClass
from worker.cli.options import AsJson, print_json
from worker.cli.remote.interventions import AllTenants
from worker.cli.remote.service import DEFAULT_TENANT, DEFAULT_URL, Tenant, Url, connected
from worker.cli.stderr import stderr


def failures(
    feature: Annotated[Feature | None, typer.Option(help="Only jobs of this feature.")] = None,
    error_class: Annotated[
        ErrorClass | None, typer.Option(help="Only errors of this class.")
    ] = None,
    all_tenants: AllTenants = False,
    url: Url = DEFAULT_URL,
    tenant: Tenant = DEFAULT_TENANT,
    as_json: AsJson = False,
) -> None:
    """Show failed jobs in groups of the same kind, the latest first.

    `grocery-ai retry --where fingerprint=…` retries all of a group.
    """
    with connected(url, tenant) as service:
        found = service.failures(feature=feature, error_class=error_class, all_tenants=all_tenants)
    if as_json:
        print_json(found.model_dump(mode="json"))
    elif found.groups:
        Console().print(_table(found.groups))
    else:
        stderr().print("No job has failed.", markup=False)


def _table(groups: list[FailureGroup]) -> Table:
    table = Table("fingerprint", "jobs", "tenants", "last", "code", "message")
    for group in groups:
        message = group.message + (f"\n{group.place}" if group.place else "")
        table.add_row(
            group.fingerprint,
            str(group.count),
            str(group.tenants),
            f"{group.last_seen:%Y-%m-%d %H:%M}",
            group.code,
            message,
        )
    return table

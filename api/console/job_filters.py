"""The filters of the page Jobs, as its address has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import ValidationError

from api.access.caller import Caller
from api.access.tenants import permitted_tenant
from api.requests.listing import decode_cursor
from shared.contracts.jobs import JobStatus
from shared.contracts.search.conditions import Conditions, Filters
from shared.rejections import InvalidRequest
from shared.store.search.ordered import Search

_FIELDS = (*Filters.model_fields,)
_TIMES = ("since", "until")


@dataclass(frozen=True)
class JobFilters:
    """What a visitor filters by: the search, and the texts of the fields that are not empty."""

    search: Search
    values: Mapping[str, str]

    @property
    def query(self) -> str:
        """The filters as the query of an address."""
        return urlencode(self.values)

    def with_status(self, status: JobStatus | None) -> str:
        """Return the query with another status."""
        others = {name: value for name, value in self.values.items() if name != "status"}
        return urlencode({"status": status.value, **others} if status else others)


def read_filters(query: Mapping[str, str], caller: Caller) -> JobFilters:
    """Return the filters of a query, within the tenants of a visitor.

    A time without an offset is in UTC. Raises InvalidRequest for what is no filter, and Forbidden
    for a tenant that is not the visitor's.
    """
    values = {name: text for name in (*_FIELDS, "tenant") if (text := query.get(name, "").strip())}
    wanted: dict[str, Any] = {name: values[name] for name in _FIELDS if name in values}
    for name in _TIMES:
        if name in wanted and "+" not in wanted[name] and not wanted[name].endswith("Z"):
            wanted[name] += "Z"
    try:
        conditions = Conditions.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidRequest(f"{first['loc'][0]}: {first['msg']}") from error
    cursor = query.get("cursor")
    search = Search(
        conditions=conditions,
        tenants=_reach(values.get("tenant"), caller),
        before=decode_cursor(cursor) if cursor else None,
    )
    return JobFilters(search, values)


def _reach(tenant: str | None, caller: Caller) -> frozenset[str] | None:
    return caller.tenants if tenant is None else frozenset((permitted_tenant(caller, tenant),))

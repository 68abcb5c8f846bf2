"""The call that returns a job, for requests that are plainly valid, at a third of the cost.

Callers poll and wait with this call more often than with any other, and most of its cost was that
of finding the parameters of a route. The framework's route of the same path takes every other
request: it is in the OpenAPI document, and refuses what is wrong.
"""

import re
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from starlette.routing import BaseRoute, Match, NoMatchFound
from starlette.types import Receive, Scope, Send

from api.access.caller import Caller
from api.access.rate_limits import count_tenant
from api.requests.listing import LONGEST_WAIT
from api.routes.jobs import answer_with_job
from shared.access.scopes import Scope as AccessScope
from shared.contracts.text import Identifier

_PREFIX = "/api/v1/jobs/"
_UUID_LENGTH = 36
_QUERY = re.compile(rb"(?:wait=([0-9]{1,2}))?")
_TENANT: TypeAdapter[str] = TypeAdapter(Identifier)
# Where a request keeps what was asked.
_ASKED = "grocery_planner_ai.asked"


class QuickJobRoute(BaseRoute):
    """The route of a GET with the tenant in the header, and at most `wait` in the query."""

    # Metrics and traces name a route by these.
    path = path_format = _PREFIX + "{job_id}"

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match what is plainly valid."""
        if scope["type"] == "http" and scope["method"] == "GET" and not scope["root_path"]:
            asked = _asked(scope)
            if asked is not None and _is_allowed(scope["state"]["caller"], asked[1]):
                return Match.FULL, {_ASKED: asked, "route": self}
        return Match.NONE, {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the job."""
        job_id, tenant_id, wait = scope[_ASKED]
        await count_tenant(scope, tenant_id)
        response = await answer_with_job(scope["app"].state.front, job_id, tenant_id, wait)
        await response(scope, receive, send)

    def url_path_for(self, name: str, /, **path_params: Any) -> Any:
        """Leave the names of routes to the framework's route. Raises NoMatchFound."""
        raise NoMatchFound(name, path_params)


def _is_allowed(caller: Caller, tenant_id: str) -> bool:
    return caller.may(AccessScope.JOBS_READ) and caller.acts_for(tenant_id)


def _asked(scope: Scope) -> tuple[UUID, str, float] | None:
    """Return the id of the job, the tenant and the seconds to wait; None for any other request."""
    path, query = scope["path"], _QUERY.fullmatch(scope["query_string"])
    tenants = [value for name, value in scope["headers"] if name == b"x-tenant-id"]
    if not path.startswith(_PREFIX) or query is None or len(tenants) != 1:
        return None
    wait = float(query[1] or 0)
    job_id = path[len(_PREFIX) :]
    if len(job_id) != _UUID_LENGTH or wait > LONGEST_WAIT:
        return None
    try:
        return UUID(job_id), _TENANT.validate_python(tenants[0].decode("latin-1")), wait
    except (ValueError, ValidationError):
        return None

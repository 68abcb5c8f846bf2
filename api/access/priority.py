"""The priority that a caller may give to its jobs."""

from typing import TypeVar

from fastapi import Request

from api.access.caller import Caller
from shared.access.scopes import Scope
from shared.contracts.fields.common import OwnedFields

R = TypeVar("R", bound=OwnedFields)


def with_permitted_priority(http: Request, request: R) -> R:
    """Return the request, with priority 0 if its caller may not ask for more.

    Then the header X-Priority-Lowered of the answer says so. The job is the same one for its keys.
    """
    caller: Caller = http.state.caller
    if not request.priority or caller.may(Scope.JOBS_PRIORITY):
        return request
    http.state.priority_lowered = True
    return request.model_copy(update={"priority": 0})

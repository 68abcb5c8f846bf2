"""The tenant of a request: its token, header, query and body have to agree."""

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from api.access.caller import Caller
from shared.contracts.text import Identifier
from shared.rejections import Forbidden, InvalidRequest

HEADER = "X-Tenant-ID"
QUERY = "tenant_id"
_TENANT: TypeAdapter[str] = TypeAdapter(Identifier)


def agreed_tenant(http: Request, *bodies: str | None) -> str | None:
    """Return the tenant that a request names, or else the only one of its token, or None.

    `bodies` are the tenants that parts of the body name, None for those that name none. Raises
    Forbidden if two different tenants are named, or one that the token does not act for, and
    InvalidRequest if it is no id.
    """
    caller: Caller = http.state.caller
    named = {*http.headers.getlist(HEADER), *bodies}
    if http.scope["query_string"]:
        named |= {*http.query_params.getlist(QUERY)}
    given = [tenant_id for tenant_id in named if tenant_id]
    if not given:
        return caller.only_tenant
    if len(given) > 1:
        raise Forbidden("The header, the query and the body of the request name different tenants.")
    return permitted_tenant(caller, given[0])


def permitted_tenant(caller: Caller, tenant_id: str) -> str:
    """Return the id of a tenant for which a caller acts. Raises Forbidden and InvalidRequest."""
    if not caller.acts_for(tenant_id):
        raise Forbidden("The token does not act for this tenant.")
    try:
        return _TENANT.validate_python(tenant_id)
    except ValidationError as error:
        raise InvalidRequest("tenant_id: this is no id of a tenant.") from error

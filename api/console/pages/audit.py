"""The page Audit: who did what, and when."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, StringConstraints, field_validator

from api.console.page_route import PageRoute
from api.console.rendering import RendererDep
from api.console.visit import ReaderDep
from api.front import FrontDep
from shared.contracts.text import STORABLE
from shared.rejections import Forbidden
from shared.store.access.audit import AuditFilter, entries
from shared.store.access.tokens import token_names

_ROWS = 50
_Text = Annotated[str, StringConstraints(max_length=200), STORABLE]

router = APIRouter(route_class=PageRoute)


class _Asked(BaseModel):
    """The query of the page: its filters, of which an empty one is none, and its place."""

    action: _Text | None = None
    actor: _Text | None = None
    tenant: _Text | None = None
    before: Annotated[int, Field(ge=1, le=2**63 - 1)] | None = None

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_none(cls, value: Any) -> Any:
        return None if value == "" else value

    def filters(self, **others: str) -> str:
        """Return the query with the filters, some of them replaced, and without the place."""
        asked = {**self.model_dump(exclude={"before"}, exclude_none=True), **others}
        return f"?{urlencode(asked)}"


@router.get("/audit")
async def show(
    visit: ReaderDep, pages: RendererDep, front: FrontDep, asked: Annotated[_Asked, Query()]
) -> HTMLResponse:
    """Return the page, newest entries first. Raises Forbidden unless for operators of all."""
    if not visit.operates_all:
        raise Forbidden("The audit is for operators of all tenants.")
    wanted = AuditFilter(asked.action, asked.actor, asked.tenant)
    async with front.database.transaction() as session:
        found = await entries(session, _ROWS + 1, asked.before, wanted)
        names = await token_names(session, (entry.actor for entry in found))
    shown = found[:_ROWS]
    older = asked.filters(before=str(shown[-1].id)) if len(found) > _ROWS else None
    return pages.page("audit.html", entries=shown, names=names, asked=asked, older=older)

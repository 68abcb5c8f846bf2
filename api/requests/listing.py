"""The query of the call that lists jobs: by filters, or by ids."""

import base64
import binascii
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter

from shared.contracts.search.conditions import Conditions, Filters, Moment
from shared.rejections import InvalidRequest
from shared.store.search.ordered import Place, Search

LONGEST_WAIT = 30  # seconds
MOST_IDS = 100
_BESIDE_IDS = {"ids", "wait", "all_tenants"}

# Seconds that a caller waits for the end of jobs.
Wait = Annotated[float, Field(ge=0, le=LONGEST_WAIT)]


class Listing(Filters):
    """Which jobs to list: those of a page, or those with `ids`."""

    all_tenants: bool = Field(
        default=False, description="for operators: list the jobs of all tenants, and name none"
    )
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    ids: list[str] | None = Field(
        default=None,
        description=f"up to {MOST_IDS} jobs, separated by commas or repeated; no filter goes with "
        "them, but `wait` does",
    )
    wait: Wait = 0

    def page_of(self, tenant_id: str | None) -> Search:
        """Return the search of a page, across tenants if `tenant_id` is None.

        Raises InvalidRequest if there is something to wait for.
        """
        if self.wait:
            raise InvalidRequest("wait: name the jobs to wait for in `ids`.")
        filters = self.model_dump(include={*Filters.model_fields})
        return Search(
            conditions=Conditions(**filters),
            tenants=None if tenant_id is None else frozenset((tenant_id,)),
            before=decode_cursor(self.cursor) if self.cursor else None,
        )

    def asked_ids(self) -> dict[str, UUID | None]:
        """Return each of `ids` once, with the id that it stands for, or None if it is not one.

        Raises InvalidRequest if there is none, or more than MOST_IDS, or a filter beside them.
        """
        if filters := self.model_fields_set - _BESIDE_IDS:
            raise InvalidRequest(f"{min(filters)}: no filter goes with `ids`.")
        asked = [text for part in self.ids or () for text in part.split(",") if text]
        if not asked:
            raise InvalidRequest("ids: name at least one job, or leave this out.")
        if len(asked) > MOST_IDS:
            raise InvalidRequest(f"ids: at most {MOST_IDS} jobs can be asked for at once.")
        return {text: _uuid(text) for text in asked}


def encode_cursor(place: Place) -> str:
    """Return the cursor of the page that begins after a place."""
    created_at, job_id = place
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {job_id}".encode()).decode()


def decode_cursor(cursor: str) -> Place:
    """Return the place of a cursor. Raises InvalidRequest if this is none."""
    try:
        created_at, _, job_id = base64.urlsafe_b64decode(cursor).decode().partition(" ")
        return TypeAdapter(Moment).validate_python(created_at), UUID(job_id)
    except (ValueError, binascii.Error) as error:
        raise InvalidRequest("cursor: this cursor was not issued by this service.") from error


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None

"""The query of the call that lists jobs: by filters, or by ids."""

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field, TypeAdapter

from shared.contracts.features import Feature
from shared.contracts.jobs import JobStatus
from shared.contracts.search.conditions import Moment
from shared.rejections import InvalidRequest
from shared.store.lists import JobFilter

LONGEST_WAIT = 30  # seconds
MOST_IDS = 100
_FILTERS = {"status", "feature", "since", "cursor", "limit"}

# Seconds that a caller waits for the end of jobs.
Wait = Annotated[float, Field(ge=0, le=LONGEST_WAIT)]


class Listing(BaseModel):
    """Which jobs to list: those of a page, or those with `ids`."""

    status: JobStatus | None = None
    feature: Feature | None = None
    since: Moment | None = None
    cursor: Annotated[str | None, Field(max_length=200)] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50
    ids: list[str] | None = Field(
        default=None,
        description=f"up to {MOST_IDS} jobs, separated by commas or repeated; no filter goes with "
        "them, but `wait` does",
    )
    wait: Wait = 0

    def page_of(self, tenant_id: str) -> JobFilter:
        """Return the filter of a page. Raises InvalidRequest if there is something to wait for."""
        if self.wait:
            raise InvalidRequest("wait: name the jobs to wait for in `ids`.")
        return JobFilter(
            tenant_id=tenant_id,
            state=self.status,
            feature=self.feature,
            since=self.since,
            before=_decode_cursor(self.cursor) if self.cursor else None,
        )

    def asked_ids(self) -> dict[str, UUID | None]:
        """Return each of `ids` once, with the id that it stands for, or None if it is not one.

        Raises InvalidRequest if there is none, or more than MOST_IDS, or a filter beside them.
        """
        if filters := _FILTERS & self.model_fields_set:
            raise InvalidRequest(f"{min(filters)}: no filter goes with `ids`.")
        asked = [text for part in self.ids or () for text in part.split(",") if text]
        if not asked:
            raise InvalidRequest("ids: name at least one job, or leave this out.")
        if len(asked) > MOST_IDS:
            raise InvalidRequest(f"ids: at most {MOST_IDS} jobs can be asked for at once.")
        return {text: _uuid(text) for text in asked}


def encode_cursor(created_at: datetime, job_id: UUID) -> str:
    """Return the cursor of the page that begins after a job."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {job_id}".encode()).decode()


def _decode_cursor(cursor: str) -> tuple[datetime, UUID]:
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

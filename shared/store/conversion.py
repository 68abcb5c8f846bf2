"""Conversion of many rows, some of which a newer version of the service may have written."""

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

import structlog

from shared.errors import Bug

log = structlog.get_logger(__name__)

R = TypeVar("R")
T = TypeVar("T")


def convert_each(rows: Mapping[UUID, R], convert: Callable[[R], T]) -> dict[UUID, T | Bug]:
    """Convert each row by itself, so that one that cannot be converted spoils no other.

    Such a row is logged, and becomes the error that its reader shall raise. The keys are job ids.
    """
    return {job_id: _convert(job_id, row, convert) for job_id, row in rows.items()}


def _convert(job_id: UUID, row: R, convert: Callable[[R], T]) -> T | Bug:
    try:
        return convert(row)
    except Exception:
        log.exception("job.unreadable", job_id=str(job_id))
        return Bug()

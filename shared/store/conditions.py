"""Conditions that several queries share."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute


def is_any_of(column: InstrumentedAttribute[UUID], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition that `column` has one of the ids, of which there may be any number.

    `in_` would make another statement, to be prepared by Postgres, for each number of ids.
    """
    return column == any_(literal(list(ids), ARRAY(Uuid)))

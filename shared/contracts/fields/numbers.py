"""Checks of numbers in requests."""

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError


def _no_boolean(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "must be an integer, not a boolean")
    return value


# pydantic would take true for 1. A form has numbers as text, so these stay numbers. It has to be
# the last of the annotations that check: bounds behind it would be missing in the JSON Schema.
NO_BOOLEAN = BeforeValidator(_no_boolean)

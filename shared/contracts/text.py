"""Text that can be stored and sent back: no null bytes, no lone surrogates, bounded in length."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError


def _storable(value: str) -> str:
    if "\x00" in value:
        raise PydanticCustomError("null_byte", "must not contain null bytes")
    return value


Text = Annotated[str, AfterValidator(_storable)]

# Ids of others: a UUID, a number, a slug. Numbers are taken as their digits.
Identifier = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$"),
]

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_storable),
]

# A label of the caller's choosing: a word or a few.
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_storable),
]

# The contract's version, echoed in the shapes that carry one.
CONTRACT_VERSION = "1.0"
Version = Annotated[str, StringConstraints(min_length=1, max_length=20), AfterValidator(_storable)]


class Contract(BaseModel):
    """Base of all wire models. Unknown fields are ignored, so that callers may be ahead of us."""

    model_config = ConfigDict(extra="ignore", frozen=True)

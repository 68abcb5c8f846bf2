"""Types of text that Postgres can store: without null bytes, mostly of bounded length."""

from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    StringConstraints,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError


def _storable(value: str) -> str:
    """Return the text, if Postgres can store it. Raises PydanticCustomError."""
    if "\x00" in value:
        raise PydanticCustomError("null_byte", "must not contain null bytes")
    return value


# For a text that is looked for in Postgres, together with `WithoutNullBytes`.
STORABLE = AfterValidator(_storable)


class WithoutNullBytes:
    """Says in the JSON Schema of a text what `_storable` checks, with a better sentence."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(schema), "pattern": r"^[^\u0000]*$"}


class OrNumber:
    """Says in the JSON Schema of a text that a number is accepted, and becomes its digits."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "number"}]}


def _whole(value: str) -> str:
    """Refuse half a character, which JSON can escape. Most constraints refuse it as well."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise PydanticCustomError("not_unicode", "must be valid Unicode") from None
    return value


# The id that a caller gave an entry of a batch. Nothing but the caller reads it.
EntryId = int | Annotated[str, StringConstraints(max_length=200), AfterValidator(_whole)]

# Constraints stand before the check: after it, pydantic would count "items", not characters.
LongText = Annotated[
    str, StringConstraints(min_length=1, max_length=5000), AfterValidator(_storable)
]

# An id that the caller chose: a UUID, a number, a slug. A number becomes its digits.
Identifier = Annotated[
    str,
    Field(coerce_numbers_to_str=True),
    StringConstraints(min_length=1, max_length=200, pattern=r"^[^\s\x00-\x1f\x7f]+$"),
    OrNumber,
]

Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=500),
    AfterValidator(_storable),
    WithoutNullBytes,
]

# A label that the caller chose: a few words at most.
Label = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_storable),
    WithoutNullBytes,
]

# A URL, of which only the length is checked here.
Url = Annotated[
    str,
    StringConstraints(min_length=1, max_length=2000),
    AfterValidator(_storable),
    WithoutNullBytes,
    Field(examples=["https://app.example.com/ai-callbacks"]),
]

# The version of the contract, for the shapes that have a `version`.
CONTRACT_VERSION = "1.0"
Version = Annotated[
    str, StringConstraints(min_length=1, max_length=20), AfterValidator(_storable), WithoutNullBytes
]


class Contract(BaseModel):
    """The base of all wire models. Unknown fields are ignored, so that callers may be newer."""

    model_config = ConfigDict(extra="ignore", frozen=True)

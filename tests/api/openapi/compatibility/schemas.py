"""Compares two JSON Schemas: is everything that the one describes also described by the other?"""

from collections.abc import Iterator
from enum import Enum
from typing import Any, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

# The bounds of a value, and whether a greater bound admits less.
_BOUNDS = {
    "minLength": True,
    "minItems": True,
    "minimum": True,
    "exclusiveMinimum": True,
    "maxLength": False,
    "maxItems": False,
    "maximum": False,
    "exclusiveMaximum": False,
}


class Direction(Enum):
    """Who sends a value. What callers sent before must still be accepted, and what the service
    sends now must have been possible before."""

    REQUEST = "request"
    ANSWER = "answer"

    def ordered(self, first: T, second: T) -> tuple[T, T]:
        """Turn old and new into what is sent and what is read, or these into old and new."""
        return (first, second) if self is Direction.REQUEST else (second, first)


class Document:
    """An OpenAPI document whose references can be followed."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def follow(self, part: Json) -> Json:
        """Return what a reference stands for; anything else is returned as it is."""
        while "$ref" in part:
            found: Any = self._document
            for key in part["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            part = found
        return part

    def resolved(self, operation: Json) -> list[Json]:
        """Return the parameters of an operation."""
        return [self.follow(parameter) for parameter in operation.get("parameters", [])]

    def variants(self, schema: Json) -> list[Json]:
        """Return the alternatives of a schema, each without `anyOf`, `oneOf` or a list of types."""
        schema = self.follow(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return [found for part in schema[key] for found in self.variants(part)]
        if "const" in schema:
            schema = {**schema, "enum": [schema["const"]]}
        return [schema]


class Schemas:
    """Compares the schemas of an old document with those of a new one."""

    def __init__(self, before: Json, after: Json) -> None:
        self.old = Document(before)
        self.new = Document(after)

    def differences(self, where: str, old: Json, new: Json, direction: Direction) -> list[str]:
        """Return a sentence for each place in which callers of the old schema may stumble."""
        sent, read = direction.ordered(self.old.variants(old), self.new.variants(new))
        found: list[str] = []
        for variant in sent:
            attempts = [
                list(self._unlike(where, variant, candidate, direction)) for candidate in read
            ]
            # The nearest alternative is the one that was meant.
            nearest: list[str] = min(attempts, key=len)
            found += nearest
        return found

    def _unlike(self, where: str, sent: Json, read: Json, direction: Direction) -> Iterator[str]:
        if not read:
            return
        if not _same_type(sent.get("type"), read.get("type")):
            old, new = direction.ordered(sent, read)
            yield f"{where} was {_type(old)} and may now be {_type(new)}"
            return
        yield from _values(where, sent, read, direction)
        yield from _limits(where, sent, read)
        yield from self._properties(where, sent, read, direction)
        for key, place in (("items", "[]"), ("additionalProperties", "{}")):
            if isinstance(sent.get(key), dict) and isinstance(read.get(key), dict):
                old, new = direction.ordered(sent[key], read[key])
                yield from self.differences(where + place, old, new, direction)

    def _properties(
        self, where: str, sent: Json, read: Json, direction: Direction
    ) -> Iterator[str]:
        old, new = direction.ordered(sent.get("properties", {}), read.get("properties", {}))
        for name in old.keys() - new.keys():
            yield f"{where}.{name} is gone"
        change = "now required" if direction is Direction.REQUEST else "no longer certain"
        for name in set(read.get("required", ())) - set(sent.get("required", ())):
            if name in new:
                yield f"{where}.{name} is {change}"
        for name in old.keys() & new.keys():
            yield from self.differences(f"{where}.{name}", old[name], new[name], direction)


def _type(schema: Json) -> str:
    kind: str = schema.get("type", "anything")
    return kind


def _same_type(sent: str | None, read: str | None) -> bool:
    return read is None or sent == read or (sent, read) == ("integer", "number")


def _values(where: str, sent: Json, read: Json, direction: Direction) -> Iterator[str]:
    """Compare enumerations. A value that is gone is noted even where it is only sent."""
    if "enum" not in read:
        return
    ours, theirs = sent.get("enum"), read["enum"]
    if ours is None:
        yield f"{where} has only the values {theirs}"
        return
    old, new = direction.ordered(ours, theirs)
    yield from (f"{where} value {value!r} is gone" for value in old if value not in new)
    if direction is Direction.ANSWER:
        yield from (f"{where} value {value!r} is new" for value in new if value not in old)


def _limits(where: str, sent: Json, read: Json) -> Iterator[str]:
    for key, lower in _BOUNDS.items():
        ours, theirs = sent.get(key), read.get(key)
        if theirs is None or ours == theirs:
            continue
        if ours is None or (ours < theirs if lower else ours > theirs):
            yield f"{where} {key} is {theirs}, not {ours}"
    for key in ("pattern", "format"):
        if key in read and sent.get(key) != read[key]:
            yield f"{where} {key} is {read[key]}, not {sent.get(key)}"

"""Finds the fields of a body that the models of its request do not have."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import SkipJsonSchema

from shared.contracts.callbacks import CallbackRequest
from shared.contracts.embeddings import MAX_TEXTS
from shared.contracts.receipts.requests import ExtractionOptions
from shared.contracts.search.bulk import BulkRequest
from shared.contracts.search.conditions import Conditions

# How alike two names have to be for one to be taken for a misspelling of the other, from 0 to 1.
_ALIKE = 0.8
# A body of megabytes has room for a million unknown fields. It is looked at until so many have been
# found, and longer names are cut.
MOST_UNKNOWN = 100
_LONGEST_NAME = 100
# Validation refuses a longer list, whatever its entries have.
_MOST_ENTRIES = MAX_TEXTS
# Shorter names resemble too many others.
_SHORTEST_COMPARED = 4
# Every key of an object of this name is the caller's own.
_OWN = "metadata"
# An unknown field of these is an option, or a condition, that the caller relies on.
CLOSED: tuple[type[BaseModel], ...] = (
    ExtractionOptions,
    CallbackRequest,
    BulkRequest,
    Conditions,
)
# Names that mean something else in another place, so they are no misplaced field.
_COMMON_NAMES = frozenset({"id", "name", "text", "url", "events", "version", "metadata"})
# Names that other services give to what is called otherwise here, and what to do instead.
_INSTEAD = {
    "callback_url": 'send `callback: {"url": …}` instead',
    "idempotency_key": "send the key in the Idempotency-Key header",
}


Path = tuple[str, ...]


@dataclass(frozen=True)
class UnknownField:
    """A field that no model of the request has at its place.

    `path` names the entries of a list as `[]`. `absent`: its value is null. `advice` says what to
    send instead, or is None if the field resembles nothing that the service knows.
    """

    path: Path
    absent: bool
    advice: str | None

    @property
    def dotted(self) -> str:
        """The path as one word, such as `payload.items[].unit`."""
        return _dotted(self.path)

    @property
    def refused(self) -> bool:
        """Whether ignoring the field may give an answer that the caller did not ask for."""
        return self.advice is not None and not self.absent


def unknown_fields(body: Any, annotation: Any, most: int = MOST_UNKNOWN) -> list[UnknownField]:
    """Return the first unknown fields of a body, each path once, in their order.

    `annotation` is the type of the request: a model, or a union of models.
    """
    found: dict[Path, tuple[bool, type[BaseModel]]] = {}
    for path, value, model in _walk(body, annotation, ()):
        if path not in found and len(found) == most:
            break
        absent, _ = found.get(path, (True, model))
        found[path] = absent and value is None, model
    if not found:
        return []
    known = _known_names(_model_of(body, annotation))
    return [
        UnknownField(path, absent, _advice(path, model, known))
        for path, (absent, model) in found.items()
    ]


def _walk(value: Any, annotation: Any, path: Path) -> Iterator[tuple[Path, Any, type[BaseModel]]]:
    """Yield path and value of every unknown field, and the model of the object that has it."""
    if isinstance(value, list):
        kinds = [kind for kind in _entries(annotation) if _models(kind) or _entries(kind)]
        for kind, entry in product(kinds, value[:_MOST_ENTRIES]):
            yield from _walk(entry, kind, _of_entries(path))
    elif isinstance(value, dict) and (model := _model_of(value, annotation)):
        yield from _walk_object(value, model, path)


def _walk_object(
    value: Mapping[str, Any], model: type[BaseModel], path: Path
) -> Iterator[tuple[Path, Any, type[BaseModel]]]:
    fields = _fields(model)
    if path[-1:] == (_OWN,):
        value = {name: value[name] for name in fields if name in value}
    for name, inner in value.items():
        if name in fields:
            yield from _walk(inner, fields[name].annotation, (*path, name))
        else:
            yield (*path, _writable(name)), inner, model


def _of_entries(path: Path) -> Path:
    return (*path[:-1], f"{path[-1]}[]") if path else ("[]",)


def _model_of(value: Mapping[str, Any], annotation: Any) -> type[BaseModel] | None:
    """Return the model that an object is meant for: that which knows the most of its fields.

    Of two that know as many, an object with a `payload` is meant for the envelope.
    """
    models = _models(annotation)
    if len(models) == 1 and not _literals(models[0]):
        return models[0]
    models = tuple(model for model in models if _may_be(value, model))
    return max(models, key=lambda model: _fitness(value, model), default=None)


def _fitness(value: Mapping[str, Any], model: type[BaseModel]) -> tuple[int, bool]:
    fields = _fields(model)
    given = sum(value.get(name) is not None for name in fields)
    return given, ("payload" in fields) is (value.get("payload") is not None)


def _may_be(value: Mapping[str, Any], model: type[BaseModel]) -> bool:
    """Return whether an object has the values by which a model is recognised, such as `feature`."""
    return all(value.get(name, default) in words for name, default, words in _literals(model))


@cache
def _literals(model: type[BaseModel]) -> tuple[tuple[str, Any, tuple[Any, ...]], ...]:
    """Return name, default and values of the fields by which a model is recognised."""
    return tuple(
        (name, field.default, get_args(field.annotation))
        for name, field in _fields(model).items()
        if get_origin(field.annotation) is Literal
    )


@cache
def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model that callers may send."""
    return {
        name: field
        for name, field in model.model_fields.items()
        # To mypy, SkipJsonSchema is no class.
        if not any(isinstance(mark, SkipJsonSchema) for mark in field.metadata)  # type: ignore[misc]
    }


def _members(annotation: Any) -> Iterator[Any]:
    """Yield the members of a union, or else the annotation itself, without its metadata."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


@cache
def _models(annotation: Any) -> tuple[type[BaseModel], ...]:
    """Return the models that an object of this type may be meant for."""
    return tuple(
        kind
        for kind in _members(annotation)
        if get_origin(kind) is None and isinstance(kind, type) and issubclass(kind, BaseModel)
    )


@cache
def _entries(annotation: Any) -> tuple[Any, ...]:
    """Return the types of the entries of a list."""
    return tuple(
        entry
        for kind in _members(annotation)
        if get_origin(kind) is list
        for entry in get_args(kind)
    )


@cache
def _known_names(model: type[BaseModel] | None) -> dict[str, str]:
    """Return every name that occurs in a request, with the path of the outermost such field."""
    levels: list[tuple[Path, Any]] = [((), model)]
    known: dict[str, str] = {}
    for path, kind in levels:
        levels += [(_of_entries(path), entry) for entry in _entries(kind)]
        for inner in _models(kind):
            for name, field in _fields(inner).items():
                known.setdefault(name, _dotted((*path, name)))
                levels.append(((*path, name), field.annotation))
    return known


def _advice(path: Path, model: type[BaseModel], known: Mapping[str, str]) -> str | None:
    """Return what to send instead of an unknown field of an object of `model`, or None."""
    name = path[-1]
    if name in _INSTEAD:
        return _INSTEAD[name]
    beside = {other: _dotted((*path[:-1], other)) for other in _fields(model)}
    elsewhere = {other: place for other, place in known.items() if other not in _COMMON_NAMES}
    if name in _COMMON_NAMES:
        elsewhere = {}
    if meant := _resembled(name, beside) or _resembled(name, elsewhere):
        return f"did you mean `{meant}`?"
    return "there is no such option" if model in CLOSED else None


def _resembled(name: str, places: Mapping[str, str]) -> str | None:
    """Return the place of the name that `name` equals or resembles, or None."""
    if name in places:
        return places[name]
    long = [other for other in places if len(other) >= _SHORTEST_COMPARED]
    alike = difflib.get_close_matches(_snake_case(name), long, n=1, cutoff=_ALIKE)
    return places[alike[0]] if alike else None


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _writable(name: str) -> str:
    """Return a name that can be sent back: neither too long nor with half a character."""
    cut = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
    return cut.encode(errors="replace").decode()


def _dotted(path: Path) -> str:
    return ".".join(path)

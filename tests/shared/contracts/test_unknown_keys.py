"""Rows and answers may come from a newer version, so no model minds a key that it does not know."""

import pkgutil
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from importlib import import_module
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin
from uuid import UUID

import pytest
from pydantic import AwareDatetime

import shared.contracts
from shared.contracts.text import Contract

_PLAIN: dict[Any, Any] = {
    bytes: "",
    str: "x",
    int: 1,
    float: 0.5,
    bool: True,
    Any: 1,
    AwareDatetime: datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    datetime: datetime(2026, 1, 1, tzinfo=UTC).isoformat(),
    Decimal: "1.50",
    UUID: str(UUID(int=0)),
    TypeVar: None,
}
# The first of the types that a value may have is as good as the others.
_WRAPPERS = (Annotated, Union, UnionType)
_EXTRA = "of a newer version"


def models() -> list[type[Contract]]:
    """Return every model of the wire format."""
    for module in pkgutil.walk_packages(shared.contracts.__path__, "shared.contracts."):
        import_module(module.name)
    found = [Contract]
    for model in found:
        found += [child for child in model.__subclasses__() if child not in found]
    return [model for model in found[1:] if model.__module__.startswith("shared.contracts")]


def example(kind: Any) -> Any:
    """Return a value of this type as JSON: its first documented example, if it has any."""
    origin, parts = get_origin(kind), get_args(kind)
    documented = [example for part in parts for example in getattr(part, "examples", None) or ()]
    if documented:
        return documented[0]
    return example_of_class(kind) if origin is None else example_of_parts(origin, parts)


def example_of_parts(origin: Any, parts: tuple[Any, ...]) -> Any:
    """Return a value of a type that is made of others."""
    if origin is Literal:
        return parts[0]
    if origin is dict:
        return {example(parts[0]): example(parts[1])}
    if origin is tuple:
        return [example(part) for part in parts if part is not Ellipsis]
    return example(parts[0]) if origin in _WRAPPERS else [example(parts[0])]


def example_of_class(kind: Any) -> Any:
    """Return a value of a model, an enum, or a type of which there is one in _PLAIN."""
    if isinstance(kind, type) and issubclass(kind, Contract):
        return {name: example(field.annotation) for name, field in kind.model_fields.items()}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return _PLAIN[TypeVar if isinstance(kind, TypeVar) else kind]


def with_extra_keys(value: Any, kind: Any) -> Any:
    """Return a value with another key in it, and in each object inside it that has a model."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in _WRAPPERS:
        return with_extra_keys(value, parts[0])
    if origin is list:
        return [with_extra_keys(entry, parts[0]) for entry in value]
    if origin is dict:
        return {key: with_extra_keys(entry, parts[1]) for key, entry in value.items()}
    if isinstance(kind, type) and issubclass(kind, Contract):
        fields = kind.model_fields
        inner = {name: with_extra_keys(value[name], fields[name].annotation) for name in value}
        return {**inner, _EXTRA: {"a": [1]}}
    return value


def without_extra_keys(value: Any) -> Any:
    """Return what is left of a value. Checks of health keep the keys that they do not know."""
    if isinstance(value, list):
        return [without_extra_keys(entry) for entry in value]
    if isinstance(value, dict):
        return {key: without_extra_keys(entry) for key, entry in value.items() if key != _EXTRA}
    return value


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_unknown_keys_are_ignored_at_every_level(model: type[Contract]) -> None:
    """A worker reads what a newer front stored, and a client what a newer service answers."""
    plain = example(model)
    extended = with_extra_keys(plain, model)

    read = model.model_validate(extended).model_dump(mode="json")

    assert str(extended).count(_EXTRA) >= 1
    assert without_extra_keys(read) == model.model_validate(plain).model_dump(mode="json")

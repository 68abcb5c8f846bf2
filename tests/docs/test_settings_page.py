"""docs/settings.md and config/example.env agree with the settings that the code reads."""

import re
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.settings import Settings
from tests.docs.pages import rows, section, text_of

PAGE = "docs/settings.md"
FIELDS = {name.upper(): field for name, field in Settings.model_fields.items()}
# This default depends on the machine, so the page describes it in words.
OF_THE_MACHINE = {
    "RECEIPT_SLOTS": "number of cores",
    "MAX_CONNECTIONS": "by the limit of descriptors",
    "RECOGNITION_MEMORY": "by the memory limit",
}


def default_of(field: FieldInfo) -> str:
    """Return the default of a field as the page writes it."""
    value: Any = field.default
    if value is PydanticUndefined:
        return "required"
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    return f"`{value}`"


def range_of(field: FieldInfo) -> str | None:
    """Return what a field accepts, as the page writes it; None if the page uses its own words."""
    kind = field.annotation
    patterns = [item.pattern for item in field.metadata if hasattr(item, "pattern")]
    if get_origin(kind) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(kind))
    if kind is bool:
        return "`true`, `false`"
    if patterns:
        return f"text matching `{patterns[0]}`"
    return bounds_of(field) if kind in (int, float) else None


def bounds_of(field: FieldInfo) -> str:
    """Return the type and bounds of a number, as the page writes them."""
    name = "integer" if field.annotation is int else "number"
    match sorted(field.metadata, key=repr):
        case [Gt(gt=low)]:
            return f"{name} > {low}"
        case [Ge(ge=low)]:
            return f"{name} ≥ {low}"
        case [Ge(ge=low), Le(le=high)]:
            return f"{name} {low} to {high}"
        case [Gt(gt=low), Le(le=high)]:
            return f"{name} > {low} and ≤ {high}"
    raise AssertionError(f"No words for these bounds: {field.metadata}")


def table() -> dict[str, tuple[str, str]]:
    """Return the default and accepted values of each setting, as the page states them."""
    settings, _, _ = text_of(PAGE).partition("## Other environment variables")
    return {name.strip("`"): (default, accepts) for name, default, accepts, *_ in rows(settings)}


def test_the_page_has_every_setting() -> None:
    """Nobody can use a setting that they cannot find."""
    assert table().keys() == FIELDS.keys()


def test_every_setting_has_a_reason_and_a_name_in_the_specification() -> None:
    """No column is left empty."""
    for row in rows(text_of(PAGE).partition("## Other environment variables")[0]):
        assert len(row) == 5, row
        assert all(row), row


@pytest.mark.parametrize("name", FIELDS)
def test_the_page_states_the_default(name: str) -> None:
    """The default is the value that applies when the variable is not set."""
    expected = OF_THE_MACHINE.get(name) or default_of(FIELDS[name])

    assert table()[name][0] == expected


@pytest.mark.parametrize("name", [name for name in FIELDS if range_of(FIELDS[name])])
def test_the_page_states_the_range(name: str) -> None:
    """The range is what the constraints of the field accept."""
    assert table()[name][1] == range_of(FIELDS[name])


def test_the_example_has_every_setting() -> None:
    """The values are the defaults, so that copying the file changes only the two URLs."""
    example = dict(
        re.findall(r"^([A-Z_]+)=(.*)$", text_of("config/example.env"), re.MULTILINE),
    )

    assert example.keys() == FIELDS.keys()
    for name, value in example.items():
        default = default_of(FIELDS[name])
        if default != "required" and name not in OF_THE_MACHINE:
            assert default in (f"`{value}`", "none" if not value else None), name


def test_other_variables_are_not_settings() -> None:
    others = {row[0] for row in rows(section(text_of(PAGE), "Other environment variables"))}

    assert others
    assert not others & {f"`{name}`" for name in FIELDS}

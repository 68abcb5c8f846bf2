"""The entries of a batch: a bad one is reported in the output, and refuses none of the others."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import Field, JsonValue, ValidationError
from pydantic.json_schema import SkipJsonSchema

from shared.contracts.text import Contract, EntryId


class EntryError(Contract):
    """Why an entry of a batch was refused.

    `index` is its position in the caller's list, from 0. `id` is the caller's, or the position if
    the caller gave none, or null if it is none that can be returned. `error` is a sentence.
    """

    index: int
    id: EntryId | None
    error: str


# The refused entries of a stored payload. Callers cannot send them; the front finds them.
RefusedEntries = SkipJsonSchema[
    Annotated[list[EntryError], Field(default_factory=list, exclude_if=lambda errors: not errors)]
]


def with_refused_entries(
    output: dict[str, Any] | None, payload: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the output of a batch with the refused entries of its stored payload.

    A worker that is older than those entries leaves them out.
    """
    if output is None or "errors" in output or not payload.get("errors"):
        return output
    return {**output, "errors": payload["errors"]}


def or_plain_text(schema: dict[str, JsonValue]) -> None:
    """Say in the JSON Schema of a list that its entries may be strings as well."""
    schema["items"] = {"anyOf": [schema["items"], {"type": "string"}]}


def sort_out(data: Any, field: str, model: type[Contract], text: str, limit: int) -> Any:
    """Move the bad entries of `data[field]` into `data["errors"]`.

    An entry is what `model` accepts, or only its `text`; without an id it gets its position. If no
    entry is good, or there are more than `limit`, all stay, so that validation says what is wrong.
    """
    if not isinstance(data, dict) or not isinstance(data.get(field), list):
        return data
    entries = [_complete(entry, index, text) for index, entry in enumerate(data[field])]
    # The JSON of a caller holds no EntryError, so these were found when the same list was sorted
    # out before.
    before = data["errors"] if isinstance(data.get("errors"), list) else []
    errors = [error for error in before if isinstance(error, EntryError)]
    good: list[Any] = []
    for index, entry in enumerate(entries if len(entries) <= limit else ()):
        try:
            good.append(model.model_validate(entry))
        except ValidationError as error:
            errors.append(EntryError(index=index, id=_id_of(entry), error=_sentence(error, text)))
    if not good:
        return {**data, field: entries, "errors": []}
    return {**data, field: good, "errors": errors}


def _complete(entry: Any, index: int, text: str) -> Any:
    """Return an entry as an object with an id. A blank text becomes an empty one."""
    if isinstance(entry, str):
        entry = {text: entry}
    if not isinstance(entry, dict):
        return entry
    value = entry.get(text)
    blank = isinstance(value, str) and not value.strip()
    given = entry.get("id")
    return {**entry, "id": index if given is None else given, **({text: ""} if blank else {})}


def _id_of(entry: Any) -> int | str | None:
    try:
        return EntryError.model_validate({"index": 0, "error": "", "id": entry["id"]}).id
    except (ValidationError, TypeError, KeyError):
        return None


def _sentence(error: ValidationError, text: str) -> str:
    """Return what is wrong with an entry, one statement for each of its fields."""
    stated: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0]) if problem["loc"] else ""
        stated.setdefault(name, _statement(name, text, problem["msg"]))
    return "; ".join(stated.values()) + "."


def _statement(name: str, text: str, message: str) -> str:
    described: dict[str, Callable[[], str]] = {
        "": lambda: f"An entry should be a string or an object with `id` and `{text}`",
        "id": lambda: "id: Input should be an integer or a string of at most 200 characters",
    }
    return described.get(name, lambda: f"{name}: {message}")()

"""Reads the knowledge files and checks each strictly against its schema."""

import tomllib
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Annotated, Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shared.errors import EngineUnavailable
from worker.pipeline.words.folding import folded


class KnowledgeError(EngineUnavailable):
    """A mistake in a knowledge file. The components that read the file cannot be loaded.

    The detail names the file, the key and, for an unknown key, the nearest valid one.
    """


class Table(BaseModel):
    """A table of a knowledge file: no unknown keys are allowed, and no type is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _distinct(words: tuple[str, ...]) -> tuple[str, ...]:
    seen: set[str] = set()
    for word in words:
        if not word.strip() or word != word.strip():
            raise ValueError(f"{word!r} is empty or has blanks around it")
        if folded(word) in seen:
            raise ValueError(f"{word!r} is listed twice (ignoring case and accents)")
        seen.add(folded(word))
    return words


# Texts in the order of the file. Not strict, since TOML has lists where this has tuples.
Words = Annotated[tuple[str, ...], Field(strict=False), AfterValidator(_distinct)]
T = TypeVar("T", bound=BaseModel)


def load_table(path: str, schema: type[T]) -> T:
    """Load the file at `path`, relative to this folder, as `schema`. Raises KnowledgeError."""
    return parse_table(_folder().joinpath(path).read_text("utf-8"), path, schema)


def load_folder(path: str, schema: type[T]) -> dict[str, T]:
    """Load every TOML file of a folder as `schema`, in alphabetical order.

    Returns the tables by file name without `.toml`. Raises KnowledgeError.
    """
    names = sorted(file.name for file in _folder().joinpath(path).iterdir())
    return {
        name.removesuffix(".toml"): load_table(f"{path}/{name}", schema)
        for name in names
        if name.endswith(".toml")
    }


def parse_table(text: str, file: str, schema: type[T]) -> T:
    """Parse `text` as `schema`. Raises KnowledgeError, whose detail calls the text `file`."""
    try:
        return schema.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{file}: {error}") from error
    except ValidationError as error:
        raise KnowledgeError(
            "\n".join(
                _sentence(file, mistake["type"], mistake["loc"], mistake["msg"], schema)
                for mistake in error.errors(include_url=False)
            )
        ) from error


def check_names(file: str, table: str, used: Iterable[str], known: Iterable[str]) -> None:
    """Check that every key in `used`, which is in `table` of `file`, is in `known`.

    Raises KnowledgeError for the first one that is not.
    """
    valid = sorted(known)
    for name in used:
        if name not in valid:
            raise KnowledgeError(f"{file}: {table}.{name} is unknown{_nearest(name, valid)}")


def _folder() -> Traversable:
    return files("worker.pipeline.knowledge")


def _sentence(
    file: str, kind: str, loc: Sequence[int | str], message: str, schema: type[BaseModel]
) -> str:
    key = ".".join(str(part) for part in loc if part != "[key]")
    if kind == "extra_forbidden":
        return f"{file}: {key} is unknown{_nearest(str(loc[-1]), _keys_at(schema, loc[:-1]))}"
    return f"{file}: {key}: {message.removeprefix('Value error, ')}"


def _nearest(name: str, valid: Sequence[str]) -> str:
    for near in get_close_matches(name, valid, n=1, cutoff=0.4):
        return f"; did you mean {near}?"
    return f"; valid are {', '.join(valid)}"


def _keys_at(schema: Any, loc: Sequence[int | str]) -> Sequence[str]:
    """Return the valid keys of the table at `loc`."""
    for part in loc:
        schema = _below(schema, part)
    return sorted(schema.model_fields)


def _below(schema: Any, part: int | str) -> Any:
    """Return the schema of the value at `part` of a table, a mapping or a list."""
    if isinstance(schema, type) and issubclass(schema, BaseModel):
        root = schema.model_fields.get("root")
        if root is None:
            return schema.model_fields[str(part)].annotation
        schema = root.annotation
    # The values of a mapping, the entries of a list, or the table that is optional.
    return next(arg for arg in reversed(get_args(schema)) if arg not in (type(None), ...))

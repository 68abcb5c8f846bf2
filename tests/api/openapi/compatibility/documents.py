"""Compares two OpenAPI documents: which changes may the callers of the first one not survive?

Python has no library for this that is kept up; oasdiff and its like are programs in Go.
"""

from collections.abc import Iterator
from typing import Any

from tests.api.openapi.compatibility.schemas import Direction, Schemas

Json = dict[str, Any]


def incompatible_changes(before: Json, after: Json) -> list[str]:
    """Return a sentence for each change that a caller of `before` may not survive, sorted."""
    return sorted(set(_changes(before, after)))


def _changes(before: Json, after: Json) -> Iterator[str]:
    schemas = Schemas(before, after)
    for path, methods in before["paths"].items():
        for method, operation in methods.items():
            name = f"{method.upper()} {path}"
            new = after["paths"].get(path, {}).get(method)
            if new is None:
                yield f"{name} is gone"
                continue
            if operation["operationId"] != new["operationId"]:
                yield f"{name} is now called {new['operationId']}"
            yield from _parameters(name, operation, new, schemas)
            yield from _request(name, operation, new, schemas)
            yield from _answers(name, operation, new, schemas)


def _parameters(name: str, before: Json, after: Json, schemas: Schemas) -> Iterator[str]:
    old = {_key(parameter): parameter for parameter in schemas.old.resolved(before)}
    new = {_key(parameter): parameter for parameter in schemas.new.resolved(after)}
    for key in old.keys() | new.keys():
        where = f"{name} parameter {key}"
        if key not in new:
            yield f"{where} is gone"
        elif new[key].get("required") and not old.get(key, {}).get("required"):
            yield f"{where} is now required"
        elif key in old:
            yield from schemas.differences(
                where, old[key]["schema"], new[key]["schema"], Direction.REQUEST
            )


def _key(parameter: Json) -> str:
    """Return place and name. The names of headers have no case."""
    name: str = parameter["name"]
    return f"{parameter['in']} {name.lower() if parameter['in'] == 'header' else name}"


def _request(name: str, before: Json, after: Json, schemas: Schemas) -> Iterator[str]:
    old, new = before.get("requestBody", {}), after.get("requestBody", {})
    if new.get("required") and not old.get("required"):
        yield f"{name} request is now required"
    yield from _contents(f"{name} request", old, new, schemas, Direction.REQUEST)


def _answers(name: str, before: Json, after: Json, schemas: Schemas) -> Iterator[str]:
    for status, answer in before["responses"].items():
        where = f"{name} answer {status}"
        new = after["responses"].get(status)
        if new is not None:
            yield from _contents(where, answer, new, schemas, Direction.ANSWER)
            for header in answer.get("headers", {}).keys() - new.get("headers", {}).keys():
                yield f"{where} header {header} is gone"
        # Nobody misses an error.
        elif status.startswith("2"):
            yield f"{where} is gone"


def _contents(
    where: str, before: Json, after: Json, schemas: Schemas, direction: Direction
) -> Iterator[str]:
    old, new = before.get("content", {}), after.get("content", {})
    for media_type in old.keys() - new.keys():
        yield f"{where} {media_type} is gone"
    for media_type in old.keys() & new.keys():
        schema, new_schema = (content[media_type].get("schema", {}) for content in (old, new))
        yield from schemas.differences(where, schema, new_schema, direction)

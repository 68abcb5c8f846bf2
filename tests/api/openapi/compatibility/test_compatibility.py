"""Callers of the last release still work: what they send is accepted, and what they read is there.

`base.json` is the OpenAPI document of that release. A change that may break them has to be declared
in `accepted.toml`.
"""

import json
import tomllib
from collections.abc import Callable
from copy import deepcopy
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from tests.api.openapi.compatibility.documents import incompatible_changes

Json = dict[str, Any]

HERE = Path(__file__).parent
CURRENT = HERE.parents[1] / "openapi.json"


def test_every_incompatible_change_is_declared() -> None:
    """Somebody decided that each of them is worth it, and wrote down why."""
    changes = incompatible_changes(_read(HERE / "base.json"), _read(CURRENT))
    accepted = tomllib.loads((HERE / "accepted.toml").read_text()).get("accepted", [])
    patterns = [entry["change"] for entry in accepted]

    undeclared = [
        change
        for change in changes
        if not any(fnmatchcase(change, pattern) for pattern in patterns)
    ]
    assert undeclared == []
    assert all(entry["why"] for entry in accepted)
    for pattern in patterns:
        assert any(fnmatchcase(change, pattern) for change in changes), f"{pattern} is out of date"


def test_the_same_document_is_compatible() -> None:
    """Nothing has changed, so nobody has to decide anything."""
    assert incompatible_changes(_read(CURRENT), _read(CURRENT)) == []


def _rename_field(document: Json) -> None:
    properties = _schema(document, "Category")["properties"]
    properties["label"] = properties.pop("category")


def _make_field_optional(document: Json) -> None:
    _schema(document, "Category")["required"].remove("confidence")


def _remove_call(document: Json) -> None:
    del document["paths"]["/api/v1/queues"]


def _rename_call(document: Json) -> None:
    document["paths"]["/api/v1/queues"]["get"]["operationId"] = "showQueues"


def _remove_status(document: Json) -> None:
    del document["paths"]["/api/v1/jobs"]["post"]["responses"]["202"]


def _remove_header(document: Json) -> None:
    del document["paths"]["/api/v1/jobs"]["post"]["responses"]["202"]["headers"]["Location"]


def _require_field(document: Json) -> None:
    _schema(document, "CategorizeRequest")["required"].append("user_id")


def _require_parameter(document: Json) -> None:
    for parameter in document["paths"]["/api/v1/jobs"]["get"]["parameters"]:
        parameter["required"] = parameter.get("name") == "limit"


def _narrow_bound(document: Json) -> None:
    _schema(document, "CategorizePayload")["properties"]["item_name"]["maxLength"] = 10


def _narrow_type(document: Json) -> None:
    _schema(document, "BatchItem")["properties"]["id"] = {"type": "integer"}


def _widen_answer(document: Json) -> None:
    field = _schema(document, "Category")["properties"]
    field["category"] = {"anyOf": [{"type": "string"}, {"type": "null"}]}


def _remove_value(document: Json) -> None:
    _schema(document, "JobStatus")["enum"].remove("cancelled")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (_rename_field, "POST /api/v1/categorize answer 200.payload.category is gone"),
        (
            _make_field_optional,
            "POST /api/v1/categorize answer 200.payload.confidence is no longer certain",
        ),
        (_remove_call, "GET /api/v1/queues is gone"),
        (_rename_call, "GET /api/v1/queues is now called showQueues"),
        (_remove_status, "POST /api/v1/jobs answer 202 is gone"),
        (_remove_header, "POST /api/v1/jobs answer 202 header Location is gone"),
        (_require_field, "POST /api/v1/categorize request.user_id is now required"),
        (_require_parameter, "GET /api/v1/jobs parameter query limit is now required"),
        (
            _narrow_bound,
            "POST /api/v1/categorize request.payload.item_name maxLength is 10, not 500",
        ),
        (
            _narrow_type,
            "POST /api/v1/categorize-batch request.payload.items[].id was string and may now be "
            "integer",
        ),
        (
            _widen_answer,
            "POST /api/v1/categorize answer 200.payload.category was string and may now be null",
        ),
        (_remove_value, "GET /api/v1/jobs answer 200.jobs[].status value 'cancelled' is gone"),
    ],
    ids=lambda value: getattr(value, "__name__", "").strip("_"),
)
def test_a_change_that_breaks_callers_is_found(change: Callable[[Json], None], found: str) -> None:
    """Every kind of change is found, at the place where callers meet it."""
    before = _read(CURRENT)
    after = deepcopy(before)
    change(after)

    assert found in incompatible_changes(before, after)


def _widen_bound(document: Json) -> None:
    _schema(document, "CategorizePayload")["properties"]["item_name"]["maxLength"] = 1000


def _add_field(document: Json) -> None:
    _schema(document, "Category")["properties"]["language"] = {"type": "string"}
    _schema(document, "CategorizePayload")["properties"]["language"] = {"type": "string"}


def _accept_another_type(document: Json) -> None:
    items = _schema(document, "CategorizeBatchPayload")["properties"]["items"]
    items["items"] = {"anyOf": [{"type": "string"}, items["items"]]}


def _add_call(document: Json) -> None:
    document["paths"]["/api/v2/jobs"] = document["paths"]["/api/v1/jobs"]


@pytest.mark.parametrize("change", [_widen_bound, _add_field, _accept_another_type, _add_call])
def test_a_change_that_breaks_nobody_is_not(change: Callable[[Json], None]) -> None:
    """The contract may grow without anybody's consent."""
    before = _read(CURRENT)
    after = deepcopy(before)
    change(after)

    assert incompatible_changes(before, after) == []


def _read(path: Path) -> Json:
    document: Json = json.loads(path.read_text())
    return document


def _schema(document: Json, name: str) -> Json:
    schema: Json = document["components"]["schemas"][name]
    return schema

"""Unknown fields are found wherever they are, and sorted by what ignoring them would change."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from api.requests.field_walk import MOST_UNKNOWN, unknown_fields
from shared.contracts.embeddings import EmbedBody
from shared.contracts.receipts.requests import RichReceiptRequest
from shared.contracts.requests import JobRequest
from tests.support.runners import ITEM

ITEMS = [{"id": 1, "name": "Milk"}, {"id": 2, "name": "Bread"}]
PAYLOAD: dict[str, Any] = {"items": ITEMS, "candidate_labels": ["Dairy"]}
BATCH = {
    "tenant_id": "t",
    "feature": "categorization_batch",
    "payload": PAYLOAD,
    "metadata": {"fresh": True},
}
RECEIPT = {
    "tenant_id": "t",
    "feature": "extraction",
    "payload": {"image_base64": "", "options": {"candidate_labels": ["Dairy"]}},
}
TEXTS = {"texts": [{"id": 1, "text": "milk"}]}
# What an application may send of its own.
OTHERS = {
    "id": 1,
    "name": "Shop",
    "text": "t",
    "url": "https://x",
    "events": [],
    "ids": [1],
    "uid": 2,
}


def found(body: Any, annotation: Any = JobRequest) -> dict[str, bool]:
    """Return the unknown fields of a body, and whether each is refused."""
    return {field.dotted: field.refused for field in unknown_fields(body, annotation)}


def test_a_body_of_known_fields_has_no_unknown_one() -> None:
    common = {"version": "1", "request_id": "r", "account_id": "t", "user_id": None, "priority": 1}

    assert found({**BATCH, **common}) == {}
    assert found({**RECEIPT, **common}) == {}
    assert found({**TEXTS, **common, "feature": "embedding"}, EmbedBody) == {}


def test_the_path_of_a_field_leads_through_lists_and_is_found_once() -> None:
    items = [{**item, "unit": "kg", "name": item["name"]} for item in ITEMS]
    body = {**BATCH, "colour": 1, "payload": {**BATCH["payload"], "items": items}}  # type: ignore[dict-item]

    assert found(body) == {"payload.items[].unit": False, "colour": False}


@pytest.mark.parametrize(
    ("body", "annotation", "path", "advice"),
    [
        ({**BATCH, "callback_url": "http://x"}, JobRequest, "callback_url", "callback"),
        ({**BATCH, "idempotency_key": "k"}, JobRequest, "idempotency_key", "Idempotency-Key"),
        ({**BATCH, "fresh": True}, JobRequest, "fresh", "`metadata.fresh`"),
        ({**BATCH, "items": []}, JobRequest, "items", "`payload.items`"),
        ({**BATCH, "candidateLabels": []}, JobRequest, "candidateLabels",
         "`payload.candidate_labels`"),
        ({**TEXTS, "batchsize": 1}, EmbedBody, "batchsize", "`batch_size`"),
        ({"payload": TEXTS, **TEXTS}, EmbedBody, "texts", "`payload.texts`"),
        ({"image_base64": "", "options": {"colour": 1}}, RichReceiptRequest, "options.colour",
         "no such option"),
        ({"image_base64": "", "options": {"candidate_label": []}}, RichReceiptRequest,
         "options.candidate_label", "`options.candidate_labels`"),
    ],
)  # fmt: skip
def test_a_field_that_would_change_the_answer_is_refused(
    body: Any, annotation: Any, path: str, advice: str
) -> None:
    """The advice says what may be meant."""
    (field,) = unknown_fields(body, annotation)

    assert (field.dotted, field.refused) == (path, True)
    assert advice in str(field.advice)


@pytest.mark.parametrize(
    ("body", "annotation"),
    [
        ({**BATCH, **OTHERS}, JobRequest),
        ({**BATCH, "payload": {**PAYLOAD, **OTHERS, "metadata": {"mine": 1}}}, JobRequest),
        ({**BATCH, "payload": {**PAYLOAD, "items": [{**OTHERS, **ITEMS[0]}]}}, JobRequest),
        ({**RECEIPT, **OTHERS}, JobRequest),
        ({"payload": {**TEXTS, "id": 1, "name": "x"}, **OTHERS}, EmbedBody),
    ],
)
def test_a_common_name_is_no_misplaced_field(body: Any, annotation: Any) -> None:
    """An application may send its own `name` or `url`, and means no other field by it."""
    assert True not in found(body, annotation).values()


def test_a_null_changes_nothing_and_is_ignored() -> None:
    """Some callers send every field that they know, null where they have no value."""
    assert found({**BATCH, "callback_url": None, "texts": None, "items": None}) == {
        "callback_url": False,
        "texts": False,
        "items": False,
    }
    assert found({**TEXTS, "payload": None}, EmbedBody) == {"payload": False}
    assert found({"payload": TEXTS, "texts": None}, EmbedBody) == {"texts": False}


def test_keys_of_the_metadata_are_the_callers_own() -> None:
    assert found({**BATCH, "metadata": {"tenant_id": 1, "callback_url": 2, "of mine": 3}}) == {}


def test_fields_that_only_the_front_writes_are_unknown_in_a_request() -> None:
    """Nobody can put errors of entries into a payload."""
    assert found({**BATCH, "payload": {**BATCH["payload"], "errors": [1]}}) == {  # type: ignore[dict-item]
        "payload.errors": False
    }


@pytest.mark.parametrize("body", [None, 1, "text", [], [BATCH], {"feature": "divination"}])
def test_a_body_that_fits_no_model_is_left_to_validation(body: Any) -> None:
    assert found(body) == {}


# None of them is a field of the object that it is added to.
KEYS = st.text("abcdexyz. \x00é", max_size=20) | st.sampled_from(
    ["names", "labels", "errors", "callback_url", "payload.items", "Tenant", "candidateLabels"]
)
VALUES = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=2),
    max_leaves=4,
)
VALID = [
    (JobRequest, BATCH),
    (JobRequest, RECEIPT),
    (JobRequest, {"tenant_id": "t", "feature": "categorization", "payload": ITEM}),
    (RichReceiptRequest, {"tenant_id": "t", "image_base64": "", "options": {}}),
    (EmbedBody, TEXTS),
    (EmbedBody, {"payload": TEXTS}),
]


def objects(value: Any, name: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Return every object in a body, with the name of the field that it is in."""
    if isinstance(value, list):
        return [pair for entry in value for pair in objects(entry, name)]
    if isinstance(value, dict):
        inner = [pair for key, entry in value.items() for pair in objects(entry, key)]
        return [(name, value), *inner]
    return []


def copied(value: Any) -> Any:
    """Return a body that can be changed."""
    if isinstance(value, list):
        return [copied(entry) for entry in value]
    return {k: copied(v) for k, v in value.items()} if isinstance(value, dict) else value


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(VALID), st.data())
def test_unknown_fields_are_refused_or_change_nothing(request: Any, data: st.DataObject) -> None:
    """Whatever is added to a valid body, and wherever, it is reported and without effect."""
    annotation, body = request
    changed = copied(body)
    name, target = data.draw(st.sampled_from(objects(changed)))
    extra = data.draw(
        st.dictionaries(KEYS.filter(lambda key: key not in target), VALUES, max_size=3)
    )
    target.update(extra)

    unknown = unknown_fields(changed, annotation)

    assert len(unknown) == (0 if name == "metadata" else len(extra))
    if not any(field.refused for field in unknown):
        adapter = TypeAdapter(annotation)
        assert adapter.validate_python(changed) == adapter.validate_python(body)


def test_a_name_that_cannot_be_sent_back_is_replaced() -> None:
    """A caller can send half a character, or a name of megabytes."""
    fields = unknown_fields({**BATCH, "a\ud800": 1, "b" * 1000: 1}, JobRequest)

    assert [field.dotted for field in fields] == ["a?", "b" * 99 + "…"]


@settings(deadline=None, max_examples=30)
@given(st.dictionaries(st.text(max_size=100), st.none() | st.integers(), max_size=300))
@example({f"item_nam{number}": number for number in range(500)})
def test_the_first_hundred_unknown_fields_are_reported(extra: dict[str, Any]) -> None:
    """The order is that of the body."""
    body = {**extra, "tenant_id": "t", "feature": "categorization", "payload": ITEM}

    reported = [field.path[0] for field in unknown_fields(body, JobRequest)]

    common = {"version", "request_id", "account_id", "user_id", "priority", "metadata"}
    known = {"tenant_id", "feature", "payload", "callback", *common}
    assert reported == [name for name in extra if name not in known][:MOST_UNKNOWN]


class Counted(dict[str, Any]):
    """An object of a body that counts how many of its fields are looked at."""

    looked_at = 0

    def items(self) -> Any:
        """Yield the fields."""
        for pair in super().items():
            self.looked_at += 1
            yield pair


@pytest.mark.parametrize("place", ["", "payload", "metadata"])
def test_no_more_of_a_body_is_looked_at_than_is_reported(place: str) -> None:
    """A body of 14 MB has room for a million unknown fields."""
    body = copied(BATCH)
    large = Counted({f"unknown {number}": number for number in range(10_000)})
    large.update(body[place] if place else body)
    if place:
        body[place] = large
    else:
        body = large

    reported = unknown_fields(body, JobRequest)

    assert len(reported) == (0 if place == "metadata" else MOST_UNKNOWN)
    assert large.looked_at <= MOST_UNKNOWN + 1


def test_a_list_that_validation_refuses_is_not_read_to_its_end() -> None:
    """The unknown field of the last entry is not found."""
    items = [{"id": 1, "name": "Milk"}] * 100_000 + [{"id": 1, "name": "Milk", "unit": "kg"}]

    assert found({**BATCH, "payload": {**PAYLOAD, "items": items}}) == {}

"""A bad entry of a batch is reported under its position, and the others go through unchanged."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared.contracts.categories import BatchItem, CategorizeBatchPayload, StoredItems
from shared.contracts.embeddings import EmbedPayload, EmbedText, StoredTexts
from shared.contracts.text import EntryId, Identifier, Label, LongText, Name, Version

BAD = [
    ("", 1, "text: String should have at least 1 character."),
    (" \n", 1, "text: String should have at least 1 character."),
    ("x" * 5001, 1, "text: String should have at most 5000 characters."),
    ("a\x00b", 1, "text: must not contain null bytes."),
    ({"id": "b", "text": ""}, "b", "text: String should have at least 1 character."),
    ({"id": "b", "text": 5}, "b", "text: Input should be a valid string."),
    ({"id": "b"}, "b", "text: Field required."),
    ({"id": [], "text": "x"}, None,
     "id: Input should be an integer or a string of at most 200 characters."),
    ({"id": "\ud800", "text": "x"}, None,
     "id: Input should be an integer or a string of at most 200 characters."),
    ("\ud800", 1,
     "text: Input should be a valid string, unable to parse raw data as a unicode string."),
    (5, None, "An entry should be a string or an object with `id` and `text`."),
    (None, None, "An entry should be a string or an object with `id` and `text`."),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "entry_id", "error"), BAD)
def test_a_bad_entry_is_reported(entry: Any, entry_id: Any, error: str) -> None:
    """The sentence names the field and its unit."""
    payload = EmbedPayload.model_validate({"texts": ["first", entry, {"text": "third"}]})

    assert payload.texts == [EmbedText(id=0, text="first"), EmbedText(id=2, text="third")]
    (found,) = payload.errors
    assert (found.index, found.id, found.error) == (1, entry_id, error)


def test_a_good_text_is_not_changed() -> None:
    """White space around a text is part of it, but not around the name of an item."""
    items = {"items": [" Milk "], "candidate_labels": ["Dairy"]}

    assert EmbedPayload.model_validate({"texts": [" milk "]}).texts[0].text == " milk "
    assert CategorizeBatchPayload.model_validate(items).items[0].name == "Milk"


def test_a_batch_without_a_good_entry_is_invalid() -> None:
    """Each entry is named with what is wrong with it."""
    with pytest.raises(ValidationError) as raised:
        EmbedPayload.model_validate({"texts": [" ", {"id": "b", "text": "x" * 5001}, 5]})

    assert [problem["loc"] for problem in raised.value.errors()] == [
        ("texts", 0, "text"),
        ("texts", 1, "text"),
        ("texts", 2),
    ]


def test_bad_entries_count_towards_the_limit() -> None:
    with pytest.raises(ValidationError, match="at most 50 items"):
        CategorizeBatchPayload.model_validate(
            {"items": ["Milk"] * 26 + [""] * 25, "candidate_labels": ["Dairy"]}
        )


def test_callers_cannot_report_errors_themselves() -> None:
    forged = [{"index": 0, "id": 1, "error": "forged"}]

    assert EmbedPayload.model_validate({"texts": ["milk"], "errors": forged}).errors == []


def test_what_is_stored_is_what_was_stored_before_if_all_entries_are_good() -> None:
    """The hash of a request must not change while fronts are replaced."""
    stored = EmbedPayload.model_validate({"texts": [{"id": 1, "text": "milk"}]}).model_dump()

    assert stored == {"texts": [{"id": 1, "text": "milk"}], "batch_size": 32}


def test_a_worker_reads_old_payloads_and_new_ones() -> None:
    """Rules for requests may become stricter, but a stored payload has passed those of its time."""
    old = {"texts": [{"id": 1, "text": " "}]}
    request = CategorizeBatchPayload.model_validate(
        {"items": ["Milk", ""], "candidate_labels": ["Dairy"]}
    )

    assert StoredTexts.model_validate(old).texts == [EmbedText(id=1, text=" ")]
    read = StoredItems.model_validate(request.model_dump(mode="json"))
    assert (read.items, read.errors) == ([BatchItem(id=0, name="Milk")], request.errors)


@pytest.mark.parametrize("text", [EntryId, Identifier, Label, LongText, Name, Version])
def test_a_text_is_measured_in_characters(text: Any) -> None:
    """Pydantic counts "items" where a limit is checked after another validator."""
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(text).validate_python("x" * 10_000)

    messages = [problem["msg"] for problem in raised.value.errors()]
    assert any("characters" in message for message in messages)
    assert not any("items" in message for message in messages)


ENTRIES = st.one_of(
    st.text(max_size=5),
    st.none() | st.integers() | st.lists(st.integers(), max_size=2),
    st.fixed_dictionaries(
        {"text": st.text(max_size=5) | st.integers()},
        optional={"id": st.text(max_size=5) | st.integers() | st.none() | st.lists(st.none())},
    ),
)


@settings(deadline=None, max_examples=80)
@given(st.lists(ENTRIES, min_size=1, max_size=8))
def test_every_entry_has_a_place_in_the_result(entries: list[Any]) -> None:
    """An entry is good or has one error, and the good ones are those that are good alone."""
    alone = [_sorted_out([entry]) for entry in entries]
    together = _sorted_out([*entries, "good"])
    assert together is not None

    good = [payload.texts[0].text for payload in alone if payload is not None]
    assert [text.text for text in together.texts] == [*good, "good"]
    refused = [index for index, payload in enumerate(alone) if payload is None]
    assert [error.index for error in together.errors] == refused


def _sorted_out(entries: list[Any]) -> EmbedPayload | None:
    try:
        return EmbedPayload.model_validate({"texts": entries})
    except ValidationError:
        return None

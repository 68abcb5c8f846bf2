"""Hints are checked and spelt in one way; shapes of other versions can be read."""

from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.receipts.flat import FlatReceipt
from shared.contracts.receipts.requests import ExtractionOptions, ReceiptPayload
from shared.contracts.receipts.rich import RichReceipt

# What 0.1.0 stored and answered.
OLD_RICH: dict[str, Any] = {
    "version": "1.0", "request_id": None, "status": "success", "processing_time_ms": 1.0,
    "model_version": "rapidocr 1",
    "extraction": {
        "merchant": {"name": "Shop", "confidence": 0.9},
        "date": {"value": "2026-03-14", "confidence": 0.9},
        "total": {"amount": "3.60", "currency": "EUR", "confidence": 0.9},
        "line_items": [
            {"raw_text": "3 x 1.20 Milk 3.60", "parsed_name": "Milk", "quantity": 3, "unit": None,
             "unit_price": "1.20", "total_price": "3.60", "category": None, "confidence": 0.9},
        ],
        "reconciled": True, "checks": [], "raw_ocr_text": "", "overall_confidence": 0.9,
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "spelt"),
    [
        ("default_currency", "eur", "EUR"), ("country", " de ", "DE"), ("locale", "en_us", "en-US"),
        ("locale", "DE", "de"), ("locale", "zh_hant_tw", "zh-Hant-TW"),
        ("locale", "es-419", "es-419"), ("locale", "de-DE-u-co-phonebk", "de-DE"),
        ("country", None, None),
    ],
)  # fmt: skip
def test_a_hint_has_one_spelling(name: str, value: str | None, spelt: str | None) -> None:
    """Equal requests then have equal payloads, so that they find each other's work."""
    assert getattr(ExtractionOptions.model_validate({name: value}), name) == spelt


@pytest.mark.parametrize(
    ("name", "value"),
    [("default_currency", "EURO"), ("default_currency", ""), ("default_currency", "XYZ"),
     ("country", "UK"), ("country", "DEU"), ("locale", "german"), ("locale", "en-UK"),
     ("locale", "de\nDE"), ("locale", "")],
)  # fmt: skip
def test_what_names_nothing_is_refused(name: str, value: str) -> None:
    """A typo would otherwise be a hint that silently does nothing."""
    with pytest.raises(ValidationError):
        ExtractionOptions.model_validate({name: value})


def test_a_payload_without_hints_is_stored_as_before_there_were_any() -> None:
    """The hash of the payload decides whether a request is repeated; both releases must agree."""
    stored = ReceiptPayload(image_base64="").model_dump(mode="json", exclude={"image_base64"})

    assert stored == {"options": {"candidate_labels": None}}


def test_a_receipt_of_an_older_version_is_readable() -> None:
    """The result of 0.1.0 does not say where its currency comes from."""
    flat = FlatReceipt.of(RichReceipt.model_validate(OLD_RICH))
    (item,) = flat.items

    assert (flat.currency, flat.currency_source) == ("EUR", None)
    assert (str(item.unit_price), str(item.line_total), item.price) == (
        "1.20", "3.60", item.line_total,
    )  # fmt: skip


def test_a_flat_answer_of_an_older_front_is_readable() -> None:
    """A client may be newer than the service."""
    answer = FlatReceipt.of(RichReceipt.model_validate(OLD_RICH)).model_dump(mode="json")
    del answer["currency_source"]
    for field in ("unit_price", "line_total"):
        del answer["items"][0][field]

    (item,) = FlatReceipt.model_validate(answer).items
    assert (item.unit_price, item.line_total, str(item.price)) == (None, None, "3.6")

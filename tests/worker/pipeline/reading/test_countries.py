"""Every field is read from the text of receipts as tills of several countries print them."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.worker.pipeline.reading.printed import items, read

RECEIPTS: dict[str, Any] = tomllib.loads(Path(__file__).with_name("countries.toml").read_text())


@pytest.mark.parametrize("country", RECEIPTS)
def test_a_receipt_is_read_whole(country: str) -> None:
    """Merchant, date, total, currency, items, discounts and deposits are right and add up."""
    printed = RECEIPTS[country]

    extraction = read(printed["text"])

    assert extraction.merchant.name == printed["merchant"]
    assert extraction.date.value == printed["date"]
    assert str(extraction.total.amount) == printed["total"]
    assert extraction.total.currency == printed["currency"]
    assert extraction.reconciled
    assert items(printed["text"]) == [
        (name, price, quantity, unit or None) for name, quantity, unit, price in printed["items"]
    ]

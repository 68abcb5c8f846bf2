"""A second reading counts only if it gains something and loses nothing."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.receipts.extraction import Extraction
from shared.contracts.receipts.items import LineItem
from shared.contracts.receipts.printed import Merchant, PrintedDate, Total
from shared.contracts.receipts.sums import ArithmeticCheck
from worker.pipeline.second_look.choosing import is_better


def reading(*prices: str, total: str | None = "9.00", **changes: Any) -> Extraction:
    """Return a reading with these prices and a total, which closes if they add up to it."""
    paid, amount = sum(map(Decimal, prices), Decimal(0)), Decimal(total) if total else None
    checks = []
    if amount is not None:
        checks.append(
            ArithmeticCheck(name="items", printed=amount, calculated=paid, closes=paid == amount)
        )
    read = Extraction(
        merchant=Merchant(name="Shop", confidence=0.9),
        date=PrintedDate(value="2026-03-14", confidence=0.9),
        total=Total(amount=amount, currency="EUR", currency_source="printed", confidence=0.9),
        line_items=[_item(price) for price in prices],
        reconciled=paid == amount,
        checks=checks,
        raw_ocr_text="",
        overall_confidence=0.9,
    )
    return read.model_copy(update=changes)


def _item(price: str) -> LineItem:
    amount = Decimal(price)
    return LineItem(
        raw_text="Rice",
        parsed_name="Rice",
        quantity=Decimal(1),
        unit=None,
        unit_price=amount,
        total_price=amount,
        confidence=0.9,
    )


NO_DATE: dict[str, Any] = {"date": PrintedDate(value=None, confidence=0.0)}
FIRST = reading("4.00", "3.00")


@pytest.mark.parametrize(
    ("second", "first"),
    [
        pytest.param(reading("4.00", "5.00"), FIRST, id="it adds up"),
        pytest.param(reading("4.00", "3.00", "1.00"), FIRST, id="an item more"),
        pytest.param(FIRST, reading("4.00", "3.00", **NO_DATE), id="a date"),
        pytest.param(FIRST, reading("4.00", "3.00", total=None), id="a total"),
        pytest.param(
            reading("4.00", "5.00"), reading("4.00", "5.00", **NO_DATE), id="a date beside sums"
        ),
    ],
)
def test_a_gain_counts(second: Extraction, first: Extraction) -> None:
    """Each reading has one thing that the first lacks."""
    assert is_better(second, first, completed=True)
    assert not is_better(first, second, completed=True)


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(FIRST, id="nothing new"),
        pytest.param(reading("9.00"), id="fewer items add up"),
        pytest.param(reading("4.00", "3.00", total="7.00"), id="another total adds up"),
        pytest.param(reading("4.00", "3.00", "8.00"), id="farther from the total"),
        pytest.param(reading("4.00", "5.00", **NO_DATE), id="the date is lost"),
    ],
)
def test_a_loss_is_never_made_good(second: Extraction) -> None:
    """A sum that closes at the price of something else may have closed by chance."""
    assert not is_better(second, FIRST, completed=True)


def test_a_gain_does_not_pay_for_another_price() -> None:
    """There is no total, so that nothing shows which of the prices is right."""
    first = reading("1.50", "2.00", total=None, **NO_DATE)
    dated = reading("1.50", "2.00", total=None)

    assert is_better(dated, first, completed=False)
    assert not is_better(reading("1.50", "9.00", total=None), first, completed=False)


def test_a_doubtful_total_may_give_way_to_one_that_closes() -> None:
    """A certain total stays."""
    doubtful = Total(amount=Decimal("8.60"), currency="EUR", confidence=0.5)
    certain = doubtful.model_copy(update={"confidence": 0.8})
    closing = reading("1.50", "5.10", total="6.60")
    first = reading("1.50", "2.00", total="8.60")

    assert is_better(closing, first.model_copy(update={"total": doubtful}), completed=False)
    assert not is_better(closing, first.model_copy(update={"total": certain}), completed=False)


def test_more_items_need_new_amounts() -> None:
    """A row that is read otherwise may only look like an item."""
    assert not is_better(reading("4.00", "3.00", "1.00"), FIRST, completed=False)

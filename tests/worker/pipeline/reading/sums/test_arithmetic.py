"""The sums of a receipt confirm, choose and correct what was read."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.receipts.extraction import Extraction
from tests.worker.pipeline.reading.printed import read

CASH = "CASH 50.00\nCHANGE {}"


def prices(extraction: Extraction) -> list[str]:
    """Return the price of each item."""
    return [str(item.total_price) for item in extraction.line_items]


def closing(extraction: Extraction) -> dict[str, bool]:
    """Return, for each check that could be made, whether it closes."""
    return {check.name: check.closes for check in extraction.checks}


def test_everything_that_can_be_checked_is_checked() -> None:
    """Items and total, cash and change, and net and tax can be checked."""
    extraction = read(
        """
        Corner Shop
        Bread 3,00 A
        Soap 2,00 B
        SUMME EUR 5,00
        BAR 10,00
        Rückgeld -5,00
        MwSt NETTO MwSt UMSATZ
        A 7% 2,80 0,20 3,00
        B 19% 1,68 0,32 2,00
        """
    )

    assert extraction.reconciled
    assert closing(extraction) == {"items": True, "payment": True, "tax": True}
    assert extraction.total.confidence > 0.95


def test_a_check_that_does_not_close_is_reported() -> None:
    """The check has the figures, and the confidence of every item is lower."""
    extraction = read("Shop\nBread 3.00\nMilk 2.00\nTOTAL RM 9.40\nVISA 9.40")

    (check,) = extraction.checks
    assert not extraction.reconciled
    assert (check.name, str(check.printed), str(check.calculated)) == ("items", "9.40", "5.00")
    assert all(item.confidence < 0.9 for item in extraction.line_items)


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ("Discount -1.00", "4.00"), ("Coupon 1.00-", "4.00"), ("Discount 1.00", "4.00"),
        ("Deposit 0.25\nBottles returned -0.50", "4.75"),
        ("SUBTOTAL 5.00\nTAX 0.41", "5.41"), ("SUBTOTAL 5.00\nTAX1 0.30\nTAX2 0.11", "5.41"),
        ("SUBTOTAL 5.00\nMember discount -0.50", "4.50"), ("SUBTOTAL 5.00\nBag 0.10", "5.10"),
        ("Rounding Adj -0.02", "4.98"), ("Rounding 0.00", "5.00"),
    ],
)  # fmt: skip
def test_other_rows_belong_to_the_sum(rows: str, total: str) -> None:
    """Discounts with or without a minus, deposits, taxes, rounding, and fees count."""
    extraction = read(f"Shop\nBread 3.00\nMilk 2.00\n{rows}\nTOTAL {total}\nVISA {total}")

    assert extraction.reconciled
    assert str(extraction.total.amount) == total


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Bread 8.20\nMilk 1.15\nTOTAL 4.35\n" + CASH.format("45.65"), ["3.20", "1.15"],
                     id="3 for 8"),
        pytest.param("Bread 3.20\n3 x 0.50\nMilk 1.60\nTOTAL 4.70\n" + CASH.format("45.30"),
                     ["3.20", "1.50"], id="count times price"),
        pytest.param("Bread 3.20\nMilk 0150\nTOTAL 4.70\n" + CASH.format("45.30"), ["3.20", "1.50"],
                     id="no separator"),
        pytest.param("Tel 0.09\nBread 3.20\nMilk 1.50\nTOTAL 4.70\n" + CASH.format("45.30"),
                     ["3.20", "1.50"], id="no item"),
    ],
)  # fmt: skip
def test_one_misread_item_is_corrected(text: str, expected: list[str]) -> None:
    """Cash and change confirm the total, and only one correction closes.

    This makes a better list of items, but only count × unit price is a proof.
    """
    extraction = read(f"Shop\n{text}")

    assert prices(extraction) == expected
    assert extraction.reconciled is (" x " in text)


def test_sums_of_kinds_of_goods_are_no_items() -> None:
    """Restaurants print them below the items, but an item may have such a name, too."""
    recap = read("Diner\nSteak 14.00\nTea 6.00\nFOOD 14.00\nBEVERAGE 6.00\nTOTAL 20.00\nVISA 20.00")
    goods = read("Diner\nFOOD 14.00\nBEVERAGE 6.00\nTOTAL 20.00\nVISA 20.00")

    assert prices(recap) == prices(goods) == ["14.00", "6.00"]
    assert recap.reconciled
    assert goods.reconciled


def test_a_price_that_follows_from_the_sum_is_less_certain() -> None:
    """The price was calculated and not read."""
    milk, bread = read("Shop\nMilk 1.15\nBread 8.20\nTOTAL 4.35\nVISA 4.35").line_items

    assert bread.confidence < 0.8 < milk.confidence


def test_nothing_is_corrected_if_two_corrections_fit() -> None:
    """Either of the two eights may be a three."""
    extraction = read("Shop\nBread 8.20\nMilk 8.15\nTOTAL 11.35\nVISA 11.35")

    assert prices(extraction) == ["8.20", "8.15"]
    assert not extraction.reconciled


def test_an_extra_digit_in_the_total_is_removed() -> None:
    """A speck before the total was read as a 1."""
    extraction = read("Shop\nBread 30.20\nMilk 1.15\nTOTAL 131.35")

    assert str(extraction.total.amount) == "31.35"
    assert extraction.total.confidence < 0.95


bought = st.lists(st.integers(min_value=1, max_value=99_999), min_size=1, max_size=12)


def printed(cents: int) -> str:
    """Write cents as tills do."""
    return f"{Decimal(cents) / 100:.2f}"


@given(bought, st.integers(min_value=0, max_value=2000))
def test_any_receipt_that_adds_up_is_reconciled(cents: list[int], off: int) -> None:
    """Every price is the one that is printed."""
    off = min(off, sum(cents) - 1)
    rows = [printed(price) for price in cents] + [printed(-off)] * (off > 0)
    listed = "\n".join(f"Thing {amount}" for amount in rows)
    total = printed(sum(cents) - off)

    extraction = read(f"Shop\n{listed}\nTOTAL {total}\nVISA {total}")

    assert prices(extraction) == rows
    assert str(extraction.total.amount) == total
    assert extraction.reconciled


@given(bought, st.data())
def test_correcting_never_makes_a_wrong_sum_look_right(
    cents: list[int], data: st.DataObject
) -> None:
    """Whichever digit was misread, the items of a reconciled receipt come to its total."""
    listed = [printed(price) for price in cents]
    which = data.draw(st.integers(0, len(cents) - 1))
    place = data.draw(
        st.integers(0, len(listed[which]) - 1).filter(lambda i: listed[which][i] != ".")
    )
    digit = data.draw(st.sampled_from("0123456789"))
    listed[which] = listed[which][:place] + digit + listed[which][place + 1 :]
    total = printed(sum(cents))

    rows = "\n".join(f"Thing {amount}" for amount in listed)
    extraction = read(f"Shop\n{rows}\nTOTAL {total}\nVISA {total}")

    assert str(extraction.total.amount) == total
    if extraction.reconciled:
        found = [item.total_price or Decimal(0) for item in extraction.line_items]
        assert sum(found) == extraction.total.amount

"""Discounts are linked to their items, and deposits are known."""

import pytest

from shared.contracts.receipts.items import ItemKind
from tests.worker.pipeline.reading.printed import read


def rows_of(text: str) -> list[tuple[str, str, int | None, str]]:
    """Return the name, the kind, the link and the discounts of each row."""
    return [
        (item.parsed_name, item.kind, item.applies_to, str(item.discount or ""))
        for item in read(text).line_items
    ]


def test_a_discount_below_an_item_is_on_it() -> None:
    """The item has the sum of its discounts, and their rows point to the item."""
    assert rows_of(
        """
        Corner Shop
        BREAD 2.00
        OATS 3.00
        OFFER -0.50
        OFFER -0.25
        TEA 4.00
        TOTAL 8.25
        """
    ) == [
        ("Bread", "goods", None, ""),
        ("Oats", "goods", None, "-0.75"),
        ("Offer", "discount", 1, ""),
        ("Offer", "discount", 1, ""),
        ("Tea", "goods", None, ""),
    ]


@pytest.mark.parametrize(
    ("discount", "target"),
    [
        ("Multibuy Bread -0.50", 0),
        ("OFFER 10% -0.40", 2),
        ("10% -0.90", None),
        ("COUPON -1.00", None),
        ("Loyalty card -1.00", None),
        ("PRICE CUT -4.50", None),
        ("Rabatt 5,00-", None),
        ("Oats deal -1.00", 1),
    ],
)
def test_names_and_rates_say_which_item_is_meant(discount: str, target: int | None) -> None:
    """A discount for all, a coupon, or one greater than the price is on none."""
    text = f"Shop\nBREAD 2.00\nOATS 3.00\nTEA 4.00\n{discount}\nTOTAL 8.00"

    assert [off.applies_to for off in read(text).line_items if off.kind == "discount"] == [target]


def test_a_discount_below_a_subtotal_is_on_all() -> None:
    """The row between the last item and the discount separates them."""
    rows = rows_of("Shop\nBREAD 2.00\nTEA 4.00\nSUBTOTAL 6.00\nOFFER -1.00\nTOTAL 5.00\nCASH 5.00")

    assert rows == [
        ("Bread", "goods", None, ""),
        ("Tea", "goods", None, ""),
        ("Offer", "discount", None, ""),
    ]


@pytest.mark.parametrize(
    ("name", "price", "kind"),
    [
        ("Pfand", "0.25", "deposit"),
        ("PANT C", "3.00", "deposit"),
        ("STATIEGELD", "1.80", "deposit"),
        ("CONSIGNE", "1.20", "deposit"),
        ("CRV", "0.10", "deposit"),
        ("Kaucja", "0.50", "deposit"),
        ("GARANTIE SGR", "0.50", "deposit"),
        ("Leergut", "-6.60", "deposit_return"),
        ("PANTERETUR", "-2.70", "deposit_return"),
        ("Pfand", "-0.25", "deposit_return"),
        ("BOTTLE RETURN", "-0.10", "deposit_return"),
        ("Pantoffeln", "5.00", "goods"),
        ("Depositphotos", "5.00", "goods"),
        ("Tapantaart", "5.00", "goods"),
    ],
)
def test_deposits_and_returned_ones_are_known(name: str, price: str, kind: str) -> None:
    """The words are those of many countries; the sign decides which it is."""
    text = f"Shop\nBREAD 20.00\n{name} {price}\nTEA 4.00\nVISA 1.00"
    row = next(row for row in read(text).line_items if str(row.total_price) == price)

    assert row.kind == ItemKind(kind)
    assert row.applies_to is None
    assert (row.amount_total is None) == (kind != "goods")


def test_what_is_taken_back_is_goods() -> None:
    """A till cancels an item by a row with the same name and a minus."""
    assert [
        kind for _, kind, *_ in rows_of("Shop\nBREAD 2.00\nTEA 4.00\nTEA -4.00\nTOTAL 2.00")
    ] == [
        "goods",
        "goods",
        "goods",
    ]

"""Quantities are read from the rows of tills that nobody has described."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.contracts.receipts.items import LineItem
from tests.worker.pipeline.reading.printed import read

KG, LB = Decimal("1000"), Decimal("453.592")


def plums(rows: str, total: str) -> LineItem:
    """Return the item of rows between two others, whose prices have no quantity."""
    text = f"Shop\nBREAD 2.00\n{rows}\nTEA 4.00\nTOTAL {Decimal(total) + 6}"
    (item,) = [item for item in read(text).line_items if item.parsed_name not in ("Bread", "Tea")]
    assert item.parsed_name == "Plums Loose"
    assert str(item.total_price) == total
    return item


@pytest.mark.parametrize(
    ("rows", "quantity", "unit", "unit_price", "total"),
    [
        ("PLUMS LOOSE\n0.822 kg NET @ $6.00/kg 4.93", "0.822", "kg", "6.00", "4.93"),
        ("PLUMS LOOSE\nQty 2 @ $1.30 each 2.60", "2", None, "1.30", "2.60"),
        ("PLUMS LOOSE\n2 szt. x 3,50 7,00", "2", None, "3.50", "7.00"),
        ("PLUMS LOOSE\n0,520 kg x 1,89 \u20ac/kg 0,98", "0.520", "kg", "1.89", "0.98"),
        ("PLUMS LOOSE\n2 * 14,90 29,80", "2", None, "14.90", "29.80"),
        ("PLUMS LOOSE\n3 UN x 4,59 13,77", "3", None, "4.59", "13.77"),
        ("PLUMS LOOSE\n3 @ 3 FOR 5.00 5.00", "3", None, "1.6667", "5.00"),
        ("PLUMS LOOSE\n1,245kg x 89,90kr/kg 111,93", "1.245", "kg", "89.90", "111.93"),
        ("PLUMS LOOSE\n3 $1.99 ea $5.97 F", "3", None, "1.99", "5.97"),
        ("PLUMS LOOSE\n0.41 1b (@) $2.99 /1b $1.23 F", "0.41", "lb", "2.99", "1.23"),
        ("PLUMS LOOSE\n0.250 kg x 2.90/100g 7.25", "0.250", "kg", "29.00", "7.25"),
        ("PLUMS LOOSE\n350 g x 12.00/kg 4.20", "350", "g", "0.012", "4.20"),
        ("PLUMS LOOSE\n4 blorp x 1,85 7,40", "4", None, "1.85", "7.40"),
        ("PLUMS LOOSE\n0712 2.500 172.00 158.00 395.00", "2.500", None, "158.00", "395.00"),
        ("PLUMS LOOSE\n04053 650.00 612.00 1,836.00", "3", None, "612.00", "1836.00"),
        ("1.250 PLUMS LOOSE 46.00 57.50", "1.250", None, "46.00", "57.50"),
        ("PLUMS LOOSE 5.97 F\n3 0 $1.99 ea", "3", None, "1.99", "5.97"),
        ("0.16 1b 1 1b / 3.99\nPLUMS LOOSE 0.64 F", "0.16", "lb", "3.99", "0.64"),
        ("PLUMS LOOSE 1.81 F\n0.52 1b @ 1 1b / 3.49", "0.52", "lb", "3.49", "1.81"),
    ],
)
def test_a_quantity_is_read_in_any_layout(
    rows: str, quantity: str, unit: str | None, unit_price: str, total: str
) -> None:
    """Signs, words and even the unit may be unknown where the numbers multiply to the price."""
    item = plums(rows, total)

    assert (item.quantity, item.unit) == (Decimal(quantity), unit)
    assert item.unit_price == Decimal(unit_price)


def test_a_returned_deposit_may_have_a_negative_count() -> None:
    """The price of one has the sign of the whole."""
    text = "Shop\nCOLA 6.00\nLEERGUT\n-4 x 0.25 -1.00\nTEA 4.00\nTOTAL 9.00"
    (row,) = [item for item in read(text).line_items if item.parsed_name == "Leergut"]

    assert row.quantity == 4
    assert row.unit_price == Decimal("-0.25")


def test_a_unit_price_that_does_not_make_the_price_is_left_out() -> None:
    """A discount has been taken off on the same row."""
    (bread, _) = read("Shop\nBREAD 3 x 2.00 5.00\nTEA 4.00\nTOTAL 9.00").line_items

    assert bread.quantity == 3
    assert bread.unit_price is None


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        ("Greek yoghurt 2.49 A\nstrawberry 150 g", "Greek yoghurt strawberry 150 g"),
        ("GREEK YOGHURT 2.49 A\nSTRAWBERRY 150G", "Greek Yoghurt Strawberry 150 g"),
        ("Greek yoghurt\nstrawberry 150 g 2.49", "Greek yoghurt strawberry 150 g"),
        ("Greek yoghurt\nwith honey\n1 x 2.49 2.49", "Greek yoghurt with honey"),
        ("GREEK YOGHURT 2.49 A\n& HONEY", "Greek Yoghurt & Honey"),
        ("GREEK YOGHURT 2.49 A\nDAIRY", "Greek Yoghurt"),
        ("GREEK YOGHURT 2.49 A\nlimit 4 per customer", "Greek Yoghurt"),
        ("DAIRY\nGreek yoghurt 2.49 A", "Greek yoghurt"),
        ("Greek yoghurt 150 g 2.49\nJam 50 g\n1 x 3.00 3.00", "Greek yoghurt 150 g"),
    ],
)
def test_second_lines_are_kept_in_the_name(rows: str, name: str) -> None:
    """A heading, a remark or the name of the next item is no second line."""
    text = f"Shop\nBread roll 2.00\n{rows}\nTea 4.00\nTOTAL 8.49"

    assert name in [item.parsed_name for item in read(text).line_items]


def test_a_damaged_price_follows_from_the_quantity_below() -> None:
    """The last digit of the price was read as a letter."""
    rows = "BREAD 2.00\nPLUMS 3.0C\n2 @ 1.50\nTEA 4.00"
    (_, plums, _) = read(f"Shop\n{rows}\nTOTAL 9.00").line_items

    assert str(plums.total_price) == "3.00"
    assert plums.quantity == 2


def test_the_weight_of_a_bag_is_no_price() -> None:
    """Such a weight has two decimals, but a unit behind it."""
    text = "Shop\nPLUMS\n1.17 lb @ 0.79/lb 0.92 F\nTare weight 0.01 1b\nTEA 4.00\nTOTAL 4.92"

    assert [item.parsed_name for item in read(text).line_items] == ["Plums", "Tea"]


@given(
    st.integers(1, 99),
    st.integers(1, 9999),
    st.sampled_from(["{n} x {p}", "{n} @ {p} each", "Qty {n} @ {p}", "{n} pcs x {p}", "{n} {p}"]),
    st.booleans(),
)
def test_count_times_unit_price_is_the_price(
    count: int, cents: int, form: str, is_above: bool
) -> None:
    """The three agree, whether the name is on its own row or on that of the numbers."""
    price = Decimal(cents).scaleb(-2)
    total = price * count
    assume(total < 5000)
    numbers = form.format(n=count, p=f"{price:.2f}")
    rows = f"PLUMS LOOSE\n{numbers}" if is_above else f"PLUMS LOOSE {numbers}"
    item = plums(f"{rows} {total:.2f}", f"{total:.2f}")

    assert item.quantity == count
    assert item.unit_price == price


@given(st.integers(50, 9999), st.integers(100, 9999), st.booleans())
def test_a_weight_times_its_price_is_the_price(grams: int, cents: int, in_pounds: bool) -> None:
    """The amount is in grams, whatever the unit of the weight."""
    weight, unit = Decimal(grams).scaleb(-3), "lb" if in_pounds else "kg"
    price = Decimal(cents).scaleb(-2)
    total = (weight * price).quantize(Decimal("0.01"))
    assume(total > 0)
    item = plums(f"PLUMS LOOSE\n{weight} {unit} @ {price}/{unit} {total}", str(total))

    assert (item.quantity, item.unit, item.unit_price) == (weight, unit, price)
    assert item.amount_total is not None
    assert abs(item.amount_total.value - weight * (LB if in_pounds else KG)) < Decimal("0.01")
